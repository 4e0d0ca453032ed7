"""What a run leaves behind for people: findings, leftovers, workbooks, the page."""
