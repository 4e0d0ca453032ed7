"""Where a person stands in files, format by format: found, handed out, taken out."""
