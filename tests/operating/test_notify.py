"""`NOTCHPAY_NOTIFY_URL`: counts only, after import, export and undo; never in the way."""

import pytest

from pipeline.errors import RefusedError, SettingsError
from pipeline.runs.resuming import Times
from pipeline.runs.telling import post
from pipeline.runs.undoing import UndoRequest, undo
from pipeline.settings import load_settings
from tests.runs.conftest import no_page, world  # noqa: F401 - fixtures
from tests.runs.world import AWA, BEN, people

BAD = ("Dina Fon", "dina@", "", "Buea")


def test_counts_are_posted_after_import_export_and_undo(world, receiver):
    here = world(settings={"notify_url": f"{receiver.url}/hook/s3cret"})
    run = here.bring([AWA, BEN, BAD])
    here.export(what="customers")
    undo(here.settings, UndoRequest(run.summary["run_id"], times=Times()))
    here.check([AWA])
    told = receiver.json
    assert [each["command"] for each in told] == ["import", "export", "undo"]
    first = told[0]
    assert first["run_id"] == run.summary["run_id"]
    assert (first["state"], first["exit_code"], first["env"]) == ("finished", 3, "test")
    assert first["rows"] == run.summary["rows"]
    assert first["findings"] == run.summary["findings"]
    assert first["text"].endswith("Finished (3). 2 created, 1 rejected")
    assert told[1]["tables"]["customers"] == 2
    assert ". 2 customers" in told[1]["text"]
    assert set(first) == {
        "event", "text", "command", "run_id", "state", "exit_code", "env", "rows",
        "tables", "findings", "refused_by", "requests", "seconds",
    }  # fmt: skip


@pytest.mark.slow
def test_nobody_can_be_told_from_it(world, receiver):
    here = world(settings={"notify_url": receiver.url})
    here.bring(here.file([AWA, BEN, BAD], name="Awa Sow.csv"))
    ((path, headers, body),) = receiver.posted
    sent = f"{path} {headers} {body}"
    hidden = (*AWA, *BEN, "Awa", "dina", "pk_test", "670000001", "Sow.csv")
    assert [value for value in hidden if value in sent] == []


def test_a_refusal_is_told_too(world, receiver):
    here = world(settings={"notify_url": receiver.url})
    with pytest.raises(RefusedError):
        here.bring([*people(19), *[BAD] * 9])
    (told,) = receiver.json
    assert (told["state"], told["exit_code"]) == ("refused", 4)
    assert told["refused_by"] == ["max_reject_rate"]


def test_a_receiver_that_fails_changes_nothing(world, refusing):
    here = world(settings={"notify_url": refusing.url})
    run = here.bring([AWA])
    assert run.summary["exit_code"] == 0
    log = (here.folder / "runs" / run.summary["run_id"] / "run.log").read_text()
    assert "`127.0.0.1` did not take the notification (500)" in log
    assert log.count('"event": "not_told"') == 1


def test_a_receiver_that_is_not_there_is_a_warning():
    warning = post("http://127.0.0.1:9/t0ken", {})
    assert warning == "`127.0.0.1` could not be notified (ConnectError)"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.com/t0ken", "plain http; only loopback"),
        ("ftp://hooks.example.com/t0ken", "not an http(s) address"),
        ("t0ken", "not an http(s) address"),
    ],
)
def test_only_https_or_loopback(monkeypatch, url, said):
    monkeypatch.setenv("NOTCHPAY_NOTIFY_URL", url)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert said in caught.value.message
    assert "NOTCHPAY_NOTIFY_URL" in caught.value.message
    assert "t0ken" not in caught.value.message


def test_the_address_is_kept_to_itself(monkeypatch):
    monkeypatch.setenv("NOTCHPAY_NOTIFY_URL", "https://hooks.example.com/t0ken")
    assert "t0ken" not in repr(load_settings())
