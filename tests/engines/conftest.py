"""A Dask cluster of two processes on this machine, started once."""

import pytest

distributed = pytest.importorskip("distributed", reason="the extra `dask` is missing")


@pytest.fixture(scope="session")
def cluster():
    """A scheduler with two workers of one thread, each a process of its own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
        silence_logs=50, protocol="tcp://",
    ) as started:  # fmt: skip
        yield started
