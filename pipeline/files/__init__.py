"""Local and remote files: spooling, atomic publishing, modes, masks."""
