"""The customers who exist already: by search or by listing, whichever costs fewer requests."""
