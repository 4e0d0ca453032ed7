"""The verbs: read, normalise, validate, deduplicate, match, plan, apply, export."""

__version__ = "0.1.0"
