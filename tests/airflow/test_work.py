"""What stands behind the tasks, in a Python without Airflow."""

import os
import signal
import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.airflow.folder import files_in, put_away
from pipeline.airflow.functions import run_check, run_export, run_import
from pipeline.airflow.policy import PolicyError
from pipeline.airflow.work import Stopper
from pipeline.errors import (
    InterruptedRunError,
    RefusedError,
    SettingsError,
    UsageError,
)
from schemas.outcomes import ExitCode
from tests.airflow.world import bad, people
from tests.servers.odd import OddServer


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """An odd server and the settings that lead to it."""
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("NOTCHPAY_API_KEY", "pk_test.work")
    monkeypatch.setenv("NOTCHPAY_RATE", "off")
    monkeypatch.setenv("NOTCHPAY_SETTLE_SECONDS", "0")
    with OddServer() as server:
        monkeypatch.setenv("NOTCHPAY_BASE_URL", server.url)
        yield server


def write(folder, lines, name="a.csv"):
    path = folder / name
    path.write_text("\n".join(["Nom,E-mail,Téléphone", *lines]), encoding="utf-8")
    return str(path)


def test_an_import_returns_facts_and_nothing_of_a_person(shop, tmp_path):
    file = write(tmp_path, [*people(3), *bad(1)])
    facts = run_import(file, conn_id=None, map={"name": "Nom"}, options={"actor": "me"})
    assert facts["rows"] == {
        "read": 4, "created": 3, "updated": 0, "unchanged": 0, "merged": 0,
        "rejected": 1, "review": 0, "failed": 0, "not_attempted": 0,
    }  # fmt: skip
    assert (facts["actor"], facts["state"], facts["exit_code"]) == ("me", "finished", 3)
    assert facts["folder"] == f"{tmp_path}/notchpay/runs/{facts['run_id']}"
    assert "person0001" not in str(facts)
    assert len(shop.customers) == 3


def test_a_check_as_a_gate(shop, tmp_path):
    file = write(tmp_path, [*people(3), *bad(1)])
    facts = run_check(file, conn_id=None, options={"region": "CM"})
    assert facts["rows"]["accepted"] == 3
    with pytest.raises(PolicyError, match=r"1 of 4 rows rejected, limit 5\.0%") as told:
        run_check(file, conn_id=None, fail_on={"rejected": 0.05})
    assert told.value.is_final
    assert told.value.exit_code == ExitCode.LEFTOVERS
    assert shop.log == []


def test_an_export_tells_path_and_rows(shop, tmp_path):
    run_import(write(tmp_path, people(2)), conn_id=None)
    facts = run_export("customers", conn_id=None, options={"csv": True})
    assert facts["tables"]["customers"] == 2
    assert facts["is_latest"]
    assert facts["path"].startswith(f"{tmp_path}/notchpay/exports/")


def test_guards_and_options_speak_as_everywhere(shop, tmp_path):
    file = write(tmp_path, [*people(20), *bad(20)])
    with pytest.raises(RefusedError, match="reject") as told:
        run_import(file, conn_id=None)
    assert told.value.run_id
    with pytest.raises(UsageError, match="no option `dedup`") as usage:
        run_import(file, conn_id=None, options={"dedup": "off"})
    assert usage.value.hint == "did you mean `dedupe`?"
    with pytest.raises(UsageError, match="not a date"):
        run_export("payments", conn_id=None, options={"since": "yesterday"})
    with pytest.raises(SettingsError, match="the connection `nobody` is not"):
        run_export(conn_id="nobody")


def test_what_a_window_leaves_is_red_unless_it_may_wait(shop, tmp_path):
    file = write(tmp_path, people(2))
    now = datetime.now(ZoneInfo("Africa/Douala"))
    later = "-".join(f"{now + timedelta(hours=h):%H:%M}" for h in (2, 3))
    with pytest.raises(PolicyError, match="2 of 2 rows not_attempted") as told:
        run_import(file, conn_id=None, window=later)
    assert not told.value.is_final
    facts = run_import(
        file, conn_id=None, window=later, fail_on={"not_attempted": None}
    )
    assert (facts["state"], facts["rows"]["not_attempted"]) == ("interrupted", 2)
    done = run_import(file, conn_id=None)
    assert (done["run_id"], done["rows"]["created"]) == (facts["run_id"], 2)


def _stopped(stopper):
    stopper.stop()
    signal.pause()


def test_sigterm_ends_what_runs_and_puts_the_handler_back():
    before = signal.getsignal(signal.SIGTERM)
    stopper = Stopper()
    stopper.stop()  # nothing runs: nothing happens
    with pytest.raises(InterruptedRunError) as told, stopper.armed():
        _stopped(stopper)
    assert told.value.exit_code == ExitCode.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_alarm_ends_what_runs_before_it_is_heard():
    def heard(number, frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, heard)
    try:
        with pytest.raises(TimeoutError), Stopper().armed():
            _alarmed()
        assert signal.getsignal(signal.SIGALRM) is heard
    finally:
        signal.signal(signal.SIGALRM, before)


def _alarmed():
    signal.raise_signal(signal.SIGALRM)


def test_off_the_main_thread_no_signal_is_touched():
    seen = []

    def work():
        with Stopper().armed():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGTERM)]


def test_a_drop_folder_gives_whole_files_oldest_first(tmp_path):
    for age, name in ((30, "b.csv"), (40, "a.xlsx"), (20, "c.csv.part"), (10, "~$a.xlsx"), (50, ".d.csv")):  # fmt: skip
        path = tmp_path / name
        path.write_text(name)
        when = path.stat().st_mtime - age
        os.utime(path, (when, when))
    (tmp_path / "done").mkdir()
    assert files_in(str(tmp_path)) == [
        str(tmp_path / "a.xlsx"),
        str(tmp_path / "b.csv"),
    ]
    assert files_in(str(tmp_path / "nowhere")) == []


def test_a_file_that_grows_is_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("half")
    monkeypatch.setattr("time.sleep", lambda _: path.write_text("half and half"))
    assert files_in(str(tmp_path)) == []
    monkeypatch.setattr("time.sleep", lambda _: path.unlink())
    assert files_in(str(tmp_path)) == []


def test_what_is_put_away_is_never_written_over(tmp_path):
    kept = []
    for text in ("one", "two", "three"):
        (tmp_path / "a.csv").write_text(text)
        kept.append(put_away(str(tmp_path / "a.csv")))
    assert kept == [f"{tmp_path}/done/{n}" for n in ("a.csv", "a-2.csv", "a-3.csv")]
    assert (tmp_path / "done" / "a.csv").read_text() == "one"
