"""Worlds of whole runs, as the tests of runs have them."""

from tests.runs.conftest import world

__all__ = ["world"]
