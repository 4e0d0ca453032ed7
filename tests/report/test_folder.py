"""What a page reads from a run's folder."""

import json

import pytest

from pipeline.report.folder import Point, read_folder, summaries, timeline
from pipeline.report.workings import local_day
from tests.report.facts import ROWS, summary


def folder(root, told, findings=(), events=()):
    """Write a run's folder and return it."""
    path = root / told["run_id"]
    path.mkdir(parents=True)
    (path / "summary.json").write_text(json.dumps(told))
    lines = "".join(json.dumps(finding) + "\n" for finding in findings)
    (path / "findings.jsonl").write_text(lines)
    if events:
        (path / "run.log").write_text("\n".join(events))
    return path


def finding(rule, original, severity="warning"):
    return {"rule": rule, "original": original, "severity": severity, "row": 1}


def test_examples_are_shapes_three_a_rule(tmp_path):
    told = [finding("a", v) for v in ("12", "34", "1-2", "x", "yy", None, "  ")]
    told += [finding("a", "7 7", "error")]
    facts = read_folder(folder(tmp_path, summary(), told))
    assert facts.examples == {"a": (("••", 2), ("•-•", 2), ("x", 0))}
    assert facts.errors == {"a": (("• •", 2),)}
    assert facts.started is None


def test_files_that_are_there_are_listed(tmp_path):
    path = folder(tmp_path, summary())
    (path / "failed.csv").touch()
    (path / "rejected.csv").touch()
    assert read_folder(path).files == ("rejected.csv", "failed.csv")


def at(minute, event, **fields):
    return {"at": f"2026-11-22T22:{minute:02d}:00+00:00", "event": event, **fields}


def test_time_between_two_processes_is_left_out():
    events = [
        at(0, "run_started"),
        at(1, "planned"),
        at(2, "progress", requests=10, seconds_waited=1.5),
        at(3, "run_ended", requests=12, seconds_waited=1.5),
        at(50, "run_resumed"),
        at(51, "progress", requests=20),
        {"event": "no time"},
    ]
    assert timeline(events) == (
        Point(120, 10, 1.5),
        Point(180, 12, 1.5),
        Point(240, 20, 0.0),
    )


def test_half_a_line_of_a_killed_run_is_passed_over(tmp_path):
    events = [json.dumps(at(0, "run_started")), "3", '{"at": "2026']
    facts = read_folder(folder(tmp_path, summary(), events=events))
    assert facts.started == facts.ended == "2026-11-22T22:00:00+00:00"


def test_earlier_files_of_the_source_once_each(tmp_path):
    def run(number, **changes):
        day = f"2026110{number}T080000Z-{number}"
        folder(tmp_path, summary(run_id=day, file_sha256=str(number)) | changes)

    run(1, file_sha256="one")
    run(2, file_sha256="one", rows=ROWS | {"read": 7})
    run(3, source="another.csv")
    run(4, state="refused")
    run(5, command="export")
    run(6, account="acc_2")
    run(7, account=None, command="check")
    run(8, file_sha256=summary()["file_sha256"])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "summary.json").write_text("{")
    path = folder(tmp_path, summary())
    folder(tmp_path, summary(run_id="20261201T000000Z-z", file_sha256="later"))
    assert [s["run_id"] for s in read_folder(path).earlier] == [
        "20261102T080000Z-2",
        "20261107T080000Z-7",
        summary()["run_id"],
    ]
    assert len(list(summaries(tmp_path))) == 10


def test_an_export_is_not_compared(tmp_path):
    told = summary(command="export")
    assert read_folder(folder(tmp_path, told)).earlier == (told,)


@pytest.mark.parametrize(
    ("run_id", "shown"),
    [
        ("20261231T233000Z-abc", "2027-01-01 00:30"),
        ("handmade", "handmade"),
    ],
)
def test_days_are_local(run_id, shown):
    assert local_day(run_id, "Africa/Douala") == shown
