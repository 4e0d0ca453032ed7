"""Steps of a walk that need no real import: files that change under its hands."""

import json

import pytest

from pipeline.errors import InputError, InterruptedRunError
from pipeline.runs import inbox as walks
from schemas.outcomes import ExitCode
from tests.runs.world import AWA, BEN


@pytest.fixture
def imports(box, monkeypatch):
    """Replace the import: `imports(action)` calls `action(path)` in its place."""

    def use(action):
        def imported(settings, request, **_):
            action(box.root / request.file.file)
            run_id = "20261101T000000Z-0001234"
            folder = box.folder / "runs" / run_id
            folder.mkdir(parents=True, exist_ok=True)
            told = {"run_id": run_id, "rows": {"read": 1, "created": 1}, "exit_code": 0}
            (folder / "summary.json").write_text(json.dumps(told))
            return type("Session", (), {"folder": type("F", (), {"run_id": run_id})})

        monkeypatch.setattr(walks, "import_customers", imported)

    return use


def test_a_file_written_meanwhile_is_not_moved(box, imports):
    """What lies there now was read by nobody."""
    path = box.put("a.csv", [AWA])
    imports(lambda at: at.write_text("new content"))
    done = box.told()
    assert (done.code, done.json["files"]) == (0, [])
    assert done.json["left"] == [{"file": "a.csv", "why": "growing"}]
    assert path.read_text() == "new content"


def test_a_file_that_fails_while_it_is_written_is_left(box, imports):
    def fails(path):
        path.write_text("half")
        raise InputError("changed while it was read")

    box.put("a.csv", [AWA])
    imports(fails)
    done = box.told()
    assert done.json["left"] == [{"file": "a.csv", "why": "growing"}]
    assert box.files() == ["a.csv"]


def test_a_file_taken_away_is_nobodys_fault(box, imports):
    box.put("a.csv", [AWA], age=1)
    other = box.put("b.csv", [BEN])
    imports(lambda _: other.unlink(missing_ok=True))
    done = box.told()
    assert done.code == 0
    assert done.states == [("a.csv", "done")]
    assert [each["why"] for each in done.json["left"]] == ["growing"]


@pytest.mark.parametrize("code", [ExitCode.SIGINT, ExitCode.SIGTERM])
def test_a_signal_stops_the_walk(box, imports, code):
    def stops(_):
        error = InterruptedRunError("interrupted", hint="go on")
        error.exit_code = code
        raise error

    box.put("a.csv", [AWA])
    imports(stops)
    done = box.walk()
    assert done.code == code
    assert done.err.endswith("error: interrupted\n\nhint: go on\n")
    assert box.files() == ["a.csv"]


def test_a_stop_without_a_hint(box, imports):
    def stops(_):
        raise InterruptedRunError("interrupted")

    box.put("a.csv", [AWA])
    imports(stops)
    assert box.walk("--quiet").err == "error: interrupted\n"


def test_workers_are_forked_for_the_first_file_only(box, monkeypatch):
    seen = []
    real = walks.import_customers

    def spied(settings, request, **more):
        seen.append(settings.workers)
        return real(settings, request, **more)

    monkeypatch.setattr(walks, "import_customers", spied)
    monkeypatch.setenv("NOTCHPAY_WORKERS", "2")
    box.put("a.csv", [AWA], age=1)
    box.put("b.csv", [BEN])
    assert box.told().code == 0
    assert seen == [2, 1]
