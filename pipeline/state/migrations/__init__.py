"""Revisions of the state database's schema, run by Alembic."""
