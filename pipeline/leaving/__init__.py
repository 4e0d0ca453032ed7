"""What may leave of a row: single cells that are held back, and consent."""
