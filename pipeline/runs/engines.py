"""Where the rows of a file are prepared: in processes of this machine, or on a cluster.

The engines differ in place and pace only: the same function prepares the same parts,
and what they leave in the staging folder is the same to the byte.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Protocol

from pipeline.errors import SettingsError, UsageError
from pipeline.prepare import Recipe
from pipeline.read import RawChunk
from pipeline.runs.staging import PartCounts, Preparers
from pipeline.settings import Settings

ENGINES = ("local", "dask")
SMALL_BYTES = 2_000_000
"""Below this a file is prepared here: starting workers would cost more than it saves."""


class Engine(Protocol):
    """Prepares the parts of one file."""

    def run(
        self,
        staging: Path,
        recipe: Recipe,
        chunks: Iterator[RawChunk],
        on_part: Callable[[PartCounts], None],
    ) -> None:
        """Stage and prepare every chunk, handing each part's counts on in order."""
        ...

    @property
    def pool(self) -> Executor | None:
        """The workers, for what else can be done beside this process."""
        ...

    @property
    def beside(self) -> Executor | None:
        """The workers that see this machine's files; None where they are elsewhere."""
        ...

    def close(self) -> None:
        """Let the workers go; a second call does nothing."""
        ...


def engine_for(settings: Settings, file: str) -> Engine:
    """Return the engine that the settings name, ready for `file`.

    Raises:
        UsageError: There is no such engine, or its scheduler is not named.
        SettingsError: It is not installed, or its workers run other versions.
        ClusterError: The cluster does not answer.
    """
    if settings.engine == "local":
        if settings.scheduler:
            raise UsageError("`--scheduler` is for `--engine dask`")
        return Preparers(workers_for(settings, file))
    if settings.engine != "dask":
        raise UsageError(f"`--engine {settings.engine}`: one of {', '.join(ENGINES)}")
    if not settings.scheduler:
        raise UsageError(
            "`--engine dask` does not know its cluster",
            hint="name it: `--scheduler tcp://HOST:8786`",
        )
    try:
        from pipeline.runs.on_dask import DaskPreparers
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"`--engine dask` needs {error.name}, which is not installed",
            hint="install `notchpay-pipeline[dask]`, here and on every worker",
        ) from error
    return DaskPreparers(settings.scheduler, settings.engine_folder)


def workers_for(settings: Settings, file: str) -> int:
    """Return how many processes are worth starting for `file`, before it is opened."""
    try:
        is_small = Path(file).stat().st_size <= SMALL_BYTES
    except OSError:
        # What is not a local file may be large; one that is missing ends at once.
        is_small = file != "-" and "://" not in file
    return 1 if is_small else settings.workers
