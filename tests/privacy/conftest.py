"""Commands as a user types them, on a server and in an empty folder."""

from tests.cli.conftest import api, here, run

__all__ = ["api", "here", "run"]
