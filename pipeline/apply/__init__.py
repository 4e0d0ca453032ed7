"""Walk a plan: journal before and after each write, settle what is in doubt."""
