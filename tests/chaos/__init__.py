"""The fault matrix: imports that are disturbed on purpose, checked against the server."""
