"""One module a field: a column of cells in, a column of clean values and remarks out."""
