"""What a source looks like, and how far that is from its last runs."""
