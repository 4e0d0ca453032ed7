"""The worlds of whole runs."""

from tests.runs.conftest import no_page, world

__all__ = ["no_page", "world"]
