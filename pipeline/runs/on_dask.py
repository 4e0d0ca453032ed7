"""Prepare the parts of a file on a Dask cluster; Dask is imported here and nowhere else.

Raw parts go to the workers and what came of them comes back through a folder that both
reach (`pipeline.files.exchange`); through the scheduler travel only names and counts.
So a part whose worker died is prepared again by another one, from the same bytes.
"""

import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from distributed import CancelledError, Client, Future, KilledWorker
from distributed.comm.core import CommClosedError

from pipeline.errors import ClusterError, PipelineError, SettingsError
from pipeline.files.exchange import Exchange
from pipeline.files.publish import disk_errors
from pipeline.prepare import Recipe, warm_up
from pipeline.read import RawChunk
from pipeline.runs import staging as parts
from pipeline.runs.staging import AHEAD, PartCounts, prepare_part, write_raw
from pipeline.runs.versions import told_versions

ANSWER_SECONDS = 15
"""How long the scheduler may take to answer, and a first worker to come."""
LOOK_SECONDS = 30.0
"""How often to look whether any worker is left while a part is waited for."""
TRIES = 3
_one_at_a_time = threading.Lock()


def prepare_away(exchange: Exchange, index: int, recipe: Recipe) -> PartCounts:
    """Prepare part `index` of the exchange on this worker; leave the results there."""
    with _one_at_a_time, tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        exchange.bring(_names(folder, index, *_RAW), folder)
        counts = prepare_part(folder, index, recipe)
        exchange.hand_over(folder, _names(folder, index, *_MADE))
    return counts


_RAW = (parts.raw_path, parts.broken_path)
_MADE = (parts.rows_path, parts.rejected_path, parts.findings_path)


def _names(
    folder: Path, index: int, *kinds: Callable[[Path, int], Path]
) -> tuple[str, ...]:
    return tuple(kind(folder, index).name for kind in kinds)


class DaskPreparers:
    """The engine `dask`: prepares parts on the workers of a running cluster.

    `folder` is where files are exchanged: a path or fsspec address that this machine
    and every worker reach; without one it is the run's own staging folder.

    Raises:
        ClusterError: The scheduler does not answer, or no worker came.
        SettingsError: A worker runs other versions, or does not have the pipeline.
    """

    def __init__(self, scheduler: str, folder: str | None = None) -> None:
        self._scheduler = scheduler
        self._folder = folder
        self._client: Client | None = self._connect()
        try:
            self._check_versions(self._client)
        except BaseException:
            self.close()
            raise
        self._warming = [
            self._client.submit(warm_up, workers=[worker], pure=False, priority=10)
            for worker in self._client.nthreads()
        ]

    def run(
        self,
        staging: Path,
        recipe: Recipe,
        chunks: Iterator[RawChunk],
        on_part: Callable[[PartCounts], None],
    ) -> None:
        """Stage and prepare every chunk, handing each part's counts on in order.

        Raises:
            ClusterError: The cluster was lost, or a part ends every worker.
        """
        assert self._client is not None
        exchange, run = self._exchange(staging)
        limit = 2 * sum(self._client.nthreads().values()) + AHEAD
        waiting: list[tuple[int, Future[PartCounts]]] = []
        try:
            with self._told():
                exchange.create()
                for index, chunk in enumerate(chunks):
                    write_raw(staging, index, chunk)
                    exchange.hand_over(staging, _names(staging, index, *_RAW))
                    waiting.append((index, self._submit(run, exchange, index, recipe)))
                    if len(waiting) > limit:
                        on_part(self._take(staging, exchange, *waiting.pop(0)))
                while waiting:
                    on_part(self._take(staging, exchange, *waiting.pop(0)))
        finally:
            for _, future in waiting:
                future.cancel()
            self._forget(exchange)

    @property
    def pool(self) -> Executor | None:
        """The workers, for what else can be done beside this process."""
        if self._client is None:
            return None
        pool: Executor = self._client.get_executor(pure=False, retries=TRIES - 1)
        return pool

    @property
    def beside(self) -> Executor | None:
        """None: a worker of the cluster need not see this machine's files."""
        return None

    def close(self) -> None:
        """Leave the cluster, which goes on without us."""
        client, self._client = self._client, None
        if client is not None:
            self._warming = []
            client.close()

    def _connect(self) -> Client:
        try:
            client = Client(
                self._scheduler, timeout=ANSWER_SECONDS, set_as_default=False
            )
        except (OSError, ValueError) as error:
            raise ClusterError(
                f"the Dask scheduler `{self._scheduler}` does not answer",
                hint="check the address of `--scheduler`, as tcp://HOST:8786",
            ) from error
        try:
            client.wait_for_workers(1, timeout=ANSWER_SECONDS)
        except TimeoutError as error:
            client.close()
            raise ClusterError(
                f"the Dask cluster `{self._scheduler}` has no worker",
                hint="start workers: `dask worker ADDRESS --nworkers auto --nthreads 1`",
            ) from error
        return client

    def _check_versions(self, client: Client) -> None:
        """Refuse workers on which a row could end in another way than here."""
        here = told_versions()
        try:
            with self._told():
                there = client.run(told_versions)
        except ImportError as error:
            raise SettingsError(
                f"a worker of `{self._scheduler}` has no {error.name}",
                hint="install `notchpay-pipeline[dask]` on every worker",
            ) from error
        for worker, versions in sorted(there.items()):
            for name, ours in here.items():
                if versions.get(name) != ours:
                    raise SettingsError(
                        f"worker {worker} has {name} {versions.get(name)}, here it is"
                        f" {ours}",
                        hint="rows could end otherwise there: install the same versions",
                    )

    def _exchange(self, staging: Path) -> tuple[Exchange, str]:
        run = f"notchpay-{token_hex(4)}"
        root = self._folder or str(staging)
        if "://" not in root:
            root = str(Path(root).resolve())  # the workers stand elsewhere
        return Exchange(f"{root.rstrip('/')}/{run}"), run

    def _submit(
        self, run: str, exchange: Exchange, index: int, recipe: Recipe
    ) -> Future[PartCounts]:
        assert self._client is not None
        return self._client.submit(
            prepare_away,
            exchange,
            index,
            recipe,
            key=f"{run}-part-{index}",
            pure=False,
            retries=TRIES - 1,
        )

    def _take(
        self, staging: Path, exchange: Exchange, index: int, future: Future[PartCounts]
    ) -> PartCounts:
        """Wait for a part, and bring what came of it into the staging folder."""
        counts = self._result(future)
        with disk_errors(staging):
            exchange.bring(_names(staging, index, *_MADE), staging)
        exchange.drop(_names(staging, index, *_RAW, *_MADE))
        return counts

    def _result(self, future: Future[PartCounts]) -> PartCounts:
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                assert self._client is not None
                if future.done():
                    raise
                if not self._client.nthreads():
                    raise ClusterError(
                        f"the Dask cluster `{self._scheduler}` has no worker left",
                        hint="look at the workers' logs, then start again",
                    ) from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what ended the work in words; what was prepared is made again next time."""
        again = "look at the workers' logs, then start again"
        try:
            yield
        except PipelineError:
            raise
        except KilledWorker as error:
            raise ClusterError(
                f"a part ended {TRIES} workers one after the other", hint=again
            ) from error
        except (CancelledError, CommClosedError) as error:
            raise ClusterError(
                f"the Dask scheduler `{self._scheduler}` was lost", hint=again
            ) from error
        except OSError as error:
            raise ClusterError(
                "this machine and the workers do not reach the folder between them:"
                f" {type(error).__name__}",
                hint="name one that all reach with `--engine-folder`, as s3://BUCKET/tmp",
            ) from error

    def _forget(self, exchange: Exchange) -> None:
        with self._told():
            exchange.remove()
