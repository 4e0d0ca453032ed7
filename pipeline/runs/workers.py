"""What is told where a worker process of this machine did not live to answer."""

from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager

import duckdb

from pipeline.errors import WorkerError


@contextmanager
def worker_errors() -> Iterator[None]:
    """Turn the death of a worker into a `WorkerError`.

    DuckDB tells it in words of its own, where it waited for the worker's answer.
    """
    try:
        yield
    except (BrokenExecutor, duckdb.Error) as error:
        if isinstance(error, duckdb.Error) and "BrokenProcessPool" not in str(error):
            raise
        raise WorkerError(
            "a worker process was ended from outside, most often for want of memory",
            hint="nothing was sent; start again with more memory, or with"
            " `NOTCHPAY_WORKERS=1`",
        ) from error
