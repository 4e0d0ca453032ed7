"""`--engine dask`: another place, the same result to the byte."""

import ast
import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from distributed import LocalCluster

from pipeline.cli import main
from pipeline.errors import ClusterError, SettingsError, UsageError
from pipeline.prepare import Recipe
from pipeline.read import ReadOptions, open_source
from pipeline.recognise import recognise
from pipeline.recognise.options import RecogniseOptions
from pipeline.runs import intake, on_dask
from pipeline.runs.engines import engine_for
from pipeline.runs.on_dask import DaskPreparers
from pipeline.runs.staging import Preparers
from pipeline.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data" / "customers.csv"
TOLD = ("outcomes.parquet", "findings.jsonl", "rejected.csv", "review.csv")


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of forty rows, so that a small file has many."""
    monkeypatch.setattr(intake, "CHUNK_ROWS", 40)


def checked(folder, *options):
    """Check the sample; return the exit code and the bytes of what it left."""
    os.environ["NOTCHPAY_RUNS_DIR"] = str(folder)
    try:
        code = main(["check", str(SAMPLE), "--quiet", *map(str, options)])
    finally:
        del os.environ["NOTCHPAY_RUNS_DIR"]
    (run,) = folder.iterdir()
    assert not (run / "staging").exists()
    summary = json.loads((run / "summary.json").read_text())
    said = {key: summary[key] for key in ("rows", "findings", "reading", "counts")}
    return (
        code,
        said,
        {name: (run / name).read_bytes() for name in TOLD if (run / name).exists()},
    )


def dask(cluster):
    return ["--engine", "dask", "--scheduler", cluster.scheduler_address]


@pytest.mark.usefixtures("small_parts")
def test_the_result_is_the_same_to_the_byte(cluster, tmp_path, capsys):
    here = checked(tmp_path / "here")
    away = checked(tmp_path / "away", *dask(cluster))
    capsys.readouterr()
    assert away == here
    assert set(here[2]) >= {"outcomes.parquet", "findings.jsonl", "rejected.csv"}


@pytest.mark.slow
@pytest.mark.usefixtures("small_parts")
def test_parts_travel_through_a_folder_that_both_reach(cluster, tmp_path, capsys):
    shared = tmp_path / "shared"
    here = checked(tmp_path / "here")
    away = checked(
        tmp_path / "away", *dask(cluster), "--engine-folder", f"file://{shared}"
    )
    capsys.readouterr()
    assert away == here
    assert list(shared.iterdir()) == [], "nobody's data stays there"


@pytest.fixture
def sandbox(tmp_path):
    """The address of a sandbox with customers in it."""
    command = [sys.executable, "-m", "pipeline", "sandbox", "--seed-customers", "20"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as it:
        try:
            yield it.stdout.readline().split()[-1]
        finally:
            it.terminate()


@pytest.mark.slow
@pytest.mark.usefixtures("small_parts")
def test_a_plan_is_the_same(cluster, sandbox, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_BASE_URL", sandbox)
    monkeypatch.setenv("NOTCHPAY_API_KEY", "pk_test.dask")
    monkeypatch.setenv("NOTCHPAY_RATE", "off")
    plans = []
    for name, options in (("here", ()), ("away", dask(cluster))):
        monkeypatch.setenv("NOTCHPAY_RUNS_DIR", str(tmp_path / name))
        assert main(["plan", str(SAMPLE), "--json", *options]) == 3
        summary = json.loads(capsys.readouterr().out)
        (run,) = (tmp_path / name).glob("*/plan.parquet")
        plans.append((summary["plan_digest"], summary["rows"], run.read_bytes()))
    assert plans[0] == plans[1]


def parts_of(rows=200, size=10):
    """Return the recipe of the sample and its chunks, again and again."""
    with open_source(str(SAMPLE), ReadOptions()) as source:
        sample = [c.to_pylist() for c in source.sample(50).cells.columns]
        known = recognise(source.layout.columns, sample, RecogniseOptions())
        chunks = list(source.chunks(size))
    some = (chunks * (rows // len(chunks) + 1))[:rows]
    return Recipe(columns=known.columns), some


def prepared(engine, staging, recipe, chunks):
    """Return the counts of every part and the bytes of what was staged."""
    staging.mkdir(exist_ok=True)
    counts = []
    with closing(engine):
        engine.run(staging, recipe, iter(chunks), counts.append)
    return counts, {p.name: p.read_bytes() for p in staging.iterdir() if p.is_file()}


@pytest.mark.slow
def test_a_killed_worker_is_survived(cluster, tmp_path):
    """A worker dies in the middle; its parts are prepared again, and nothing differs."""
    recipe, chunks = parts_of(rows=40)
    here = prepared(Preparers(1), tmp_path / "here", recipe, chunks)

    def killing(chunks):
        for number, chunk in enumerate(chunks):
            if number == 10:
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
            yield chunk

    engine = DaskPreparers(cluster.scheduler_address)
    away = prepared(engine, tmp_path / "away", recipe, killing(chunks))
    assert away == here


def test_an_error_on_a_worker_is_that_of_the_row_functions(cluster, tmp_path):
    _, chunks = parts_of(rows=2)
    with closing(DaskPreparers(cluster.scheduler_address)) as engine:
        with pytest.raises(AttributeError):
            engine.run(tmp_path, None, iter(chunks), lambda _: None)
        assert not list(tmp_path.glob("notchpay-*"))


def test_a_folder_that_the_workers_do_not_reach_is_said(cluster, tmp_path, monkeypatch):
    recipe, chunks = parts_of(rows=1)
    monkeypatch.chdir(tmp_path)  # the workers stand elsewhere
    engine = DaskPreparers(cluster.scheduler_address, "file:///proc/self/cwd")
    with closing(engine), pytest.raises(ClusterError) as told:
        engine.run(tmp_path, recipe, iter(chunks), lambda _: None)
    assert "do not reach the folder between them: FileNotFound" in told.value.message
    assert "--engine-folder" in told.value.hint


def test_other_versions_on_a_worker_are_refused(cluster, monkeypatch):
    here = on_dask.told_versions() | {"phonenumbers": "1.0"}
    monkeypatch.setattr(on_dask, "told_versions", _Told(here))
    with pytest.raises(SettingsError, match=r"has phonenumbers \d.*, here it is 1\.0"):
        DaskPreparers(cluster.scheduler_address)


class _Told:
    """Tells one thing here, and what is true where it is unpickled."""

    def __init__(self, here):
        self.here = here

    def __call__(self):
        return self.here

    def __reduce__(self):
        return _true_versions, ()


def _true_versions():
    return on_dask.told_versions


def test_a_scheduler_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(on_dask, "ANSWER_SECONDS", 1)
    with pytest.raises(ClusterError, match=r"`tcp://127.0.0.1:1` does not answer"):
        DaskPreparers("tcp://127.0.0.1:1")
    with pytest.raises(ClusterError, match="does not answer"):
        DaskPreparers("nonsense://here")


def small_cluster(workers):
    return LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=False, silence_logs=50,
        dashboard_address=":0", protocol="tcp://", host="127.0.0.1",
    )  # fmt: skip


def test_a_cluster_without_workers_is_said(monkeypatch):
    monkeypatch.setattr(on_dask, "ANSWER_SECONDS", 1)
    with small_cluster(0) as empty, pytest.raises(ClusterError, match="has no worker"):
        DaskPreparers(empty.scheduler_address)


@pytest.mark.slow
def test_a_cluster_that_goes_away_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(on_dask, "LOOK_SECONDS", 0.5)
    recipe, chunks = parts_of(rows=20)
    with small_cluster(1) as mine:
        engine = DaskPreparers(mine.scheduler_address)

        def going(chunks):
            for number, chunk in enumerate(chunks):
                if number == 3:
                    mine.close()
                yield chunk

        with closing(engine), pytest.raises(ClusterError):
            engine.run(tmp_path, recipe, going(chunks), lambda _: None)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"engine": "spark"}, UsageError, "`--engine spark`: one of local, dask"),
        ({"engine": "dask"}, UsageError, "does not know its cluster"),
        ({"scheduler": "tcp://h:1"}, UsageError, "is for `--engine dask`"),
    ],
)
def test_a_wrong_engine_is_said(settings, error, words):
    with pytest.raises(error, match=words):
        engine_for(Settings(_env_file=None, **settings), "x.csv")


def test_a_missing_extra_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pipeline.runs.on_dask", None)
    with pytest.raises(SettingsError) as told:
        engine_for(
            Settings(_env_file=None, engine="dask", scheduler="tcp://h:1"), "x.csv"
        )
    assert told.value.hint.startswith("install `notchpay-pipeline[dask]`")


def test_dask_is_imported_in_one_room():
    users = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {(getattr(node, "module", None) or node.names[0].name).split(".")[0]}
        & {"dask", "distributed"}
    }
    assert users == {"pipeline/runs/on_dask.py"}
