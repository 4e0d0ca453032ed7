"""The edge to the API: one client, one pace for all who share a key, one retry policy."""
