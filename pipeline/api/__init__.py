"""The edge to the API: one client, one pace for each key, one retry policy."""
