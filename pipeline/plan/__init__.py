"""The plan as a value: changes, digest, guards, forecast."""
