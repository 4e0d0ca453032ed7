"""Rules of the user's own: read from the TOML file, bound to a file, tried on its cells."""
