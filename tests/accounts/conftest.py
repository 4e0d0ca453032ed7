"""The worlds of whole runs, and commands as a user types them."""

from tests.cli.conftest import api, here, run
from tests.runs.conftest import no_page, world

__all__ = ["api", "here", "no_page", "run", "world"]
