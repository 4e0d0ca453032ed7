"""Past runs: the list, one in detail, their age, and pruning."""

import json
import time

import pytest

from pipeline.cli import main
from pipeline.errors import DiskError, UsageError
from pipeline.runs.history import history, one_run, prune, stale_sources
from pipeline.settings import Settings
from tests.report.facts import ROWS, summary

NOW = 1_795_384_800.0  # 2026-11-22 22:00 UTC
DAY = 86400.0
AWA = ("Awa Sow", "awa@example.com", "+237670000001", "Douala")


def at(days_ago):
    """Return a run id of so many days ago."""
    moment = time.gmtime(NOW - days_ago * DAY)
    return time.strftime("%Y%m%dT%H%M%SZ", moment) + f"-{days_ago}"


class Runs:
    """A runs folder filled by hand."""

    def __init__(self, root):
        self.root = root
        self.settings = Settings(_env_file=None, runs_dir=str(root), lang="en")

    def add(self, days_ago, *files, **changes):
        told = summary(run_id=at(days_ago)) | changes
        folder = self.root / told["run_id"]
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps(told))
        for file in files:
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text("12345")
        return folder

    def history(self):
        return history(self.settings, NOW)


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "runs")


def test_newest_first_with_their_age(runs):
    runs.add(9)
    runs.add(2)
    (runs.root / "not_a_run").mkdir()
    assert [(r.run_id, round(r.age / DAY)) for r in runs.history()] == [
        (at(2), 2),
        (at(9), 9),
    ]


def test_a_run_of_another_make_is_of_now(runs):
    runs.add(0, run_id="handmade")
    assert runs.history()[0].age == 0


def test_no_folder_no_runs(runs):
    assert runs.history() == []


def test_one_in_detail(runs):
    runs.add(3)
    assert one_run(runs.settings, at(3))["rows"] == ROWS
    with pytest.raises(UsageError, match="holds no run"):
        one_run(runs.settings, at(4))
    (runs.root / at(5) / "summary.json").mkdir(parents=True)
    with pytest.raises(DiskError, match="cannot be read"):
        one_run(runs.settings, at(5))


def test_sources_whose_newest_import_is_old(runs):
    runs.add(20, source="a.csv")
    runs.add(9, source="a.csv")
    runs.add(1, source="a.csv", state="interrupted")
    runs.add(2, source="b.csv")
    runs.add(30, source="b.csv")
    runs.add(3, source="c.csv", state="refused")
    runs.add(4, source="d.csv", command="check")
    stale = stale_sources(runs.history(), 8 * DAY)
    assert [(s, age and round(age / DAY)) for s, age in stale] == [
        ("a.csv", 9),
        ("c.csv", None),
    ]
    assert stale_sources(runs.history(), 8 * DAY, "b.csv") == []
    assert stale_sources(runs.history(), 8 * DAY, "e.csv") == [("e.csv", None)]


def test_pruning_keeps_the_counts(runs):
    old = runs.add(91, "rejected.csv", "staging/raw.arrow", "run.log", "report.html")
    (old / "link").symlink_to(old / "run.log")
    new = runs.add(89, "rejected.csv")
    open_ = runs.add(95, "staging/work.duckdb", state="interrupted")
    done = prune(runs.settings, 90 * DAY, NOW)
    assert (done.runs, done.resumable, done.writes) == (1, 1, 0)
    assert done.bytes >= 10
    assert sorted(p.name for p in old.iterdir()) == [
        "report.html",
        "run.log",
        "summary.json",
    ]
    assert (new / "rejected.csv").exists()
    assert (open_ / "staging").is_dir()
    told = one_run(runs.settings, at(91))
    assert told["rows"] == ROWS
    assert told["pruned_at"] == "2026-11-22T22:00:00+00:00"
    assert prune(runs.settings, 90 * DAY, NOW).runs == 0


def test_pruning_empties_the_journal(world):
    made = world()
    made.bring([AWA])
    done = prune(made.settings, -DAY, time.time())
    assert (done.runs, done.writes) == (1, 1)


@pytest.fixture
def shell(runs, monkeypatch, capsys):
    """Run a command line in the runs folder; return its exit code and what it said."""
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", str(runs.root))
    monkeypatch.setenv("NOTCHPAY_LANG", "en")

    def run(*argv):
        code = main(argv)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_runs_lists(runs, shell):
    assert shell("runs")[1].startswith("No runs in")
    runs.add(2, state="refused")
    runs.add(9)
    code, out, _ = shell("runs")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split() == [
        "Run",
        "Command",
        "Source",
        "rows",
        "new",
        "updated",
        "open",
    ]
    assert lines[1].split()[:4] == [at(2), "import", "✗", "customers.csv"]
    assert lines[2].split()[3:] == ["1,319", "1,200", "14", "88"]
    told = json.loads(shell("runs", "--json")[1])
    assert [one["run_id"] for one in told] == [at(2), at(9)]
    assert shell("runs", "--quiet") == (0, "", "")
    assert len(shell("runs", "--source", "x")[1].splitlines()) <= 2


def test_a_long_list_is_cut(runs, shell):
    for number in range(1, 33):
        runs.add(number)
    out = shell("runs")[1]
    assert "2 older ones" in out


def test_runs_shows_one(runs, shell):
    runs.add(2)
    code, out, _ = shell("runs", at(2))
    assert code == 0
    assert "phone_too_short" in out
    assert json.loads(shell("runs", at(2), "--json")[1])["rows"] == ROWS
    runs.add(3, reasons={}, source="awa@example.com")
    assert "awa@" not in shell("runs", at(3))[1]


def test_runs_of_another_name(shell):
    code, _, err = shell("runs", "20200101T000000Z-x")
    assert code == 2
    assert "holds no run" in err


def test_max_age(runs, shell):
    assert shell("runs", "--max-age", "8d")[::2] == (
        3,
        "No import was ever run here.\n",
    )
    runs.add(0, run_id=time.strftime("%Y%m%dT%H%M%SZ-x", time.gmtime()))
    assert shell("runs", "--max-age", "8d") == (0, "", "")
    code, _, err = shell("runs", "--max-age", "8d", "--source", "other.csv")
    assert (code, err) == (3, "other.csv: no import has finished yet.\n")
    assert (
        shell("runs", "--max-age", "8d", "--source", "o", "--allow-leftovers")[0] == 0
    )
    runs.add(20_000, source="old.csv")
    code, _, err = shell("runs", "--max-age", "8d")
    assert code == 3
    assert "old.csv: the newest finished import is " in err


def test_prune_from_the_command_line(runs, shell):
    runs.add(20_000, "rejected.csv")
    runs.add(20_001, "staging/x", state="interrupted")
    code, out, _ = shell("runs", "prune", "--older-than", "90d")
    assert code == 0
    assert out.splitlines() == [
        "Clear values of 1 runs removed, 5 B freed; their counts stay.",
        "1 old runs can still be resumed and were left: resume or abandon them.",
    ]
    told = json.loads(shell("runs", "prune", "--older-than", "90d", "--json")[1])
    nothing = {"runs": 0, "bytes": 0, "resumable": 1, "writes": 0, "inbox_files": 0}
    assert told == nothing
    assert shell("runs", "prune", "--older-than", "90d", "--quiet")[1] == ""


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("runs", "--inbox", "in"), "`--inbox` belongs to `runs prune`"),
        (("runs", "--older-than", "3d"), "`--older-than` belongs to `runs prune`"),
        (("runs", "--max-age", "soon"), "is not a time"),
        (("report",), "Missing argument"),
        (("report", "20200101T000000Z-x"), "holds no run"),
    ],
)
def test_usage(shell, argv, said):
    code, _, err = shell(*argv)
    assert code == 2
    assert said in err


def test_report_from_the_command_line(runs, shell):
    folder = runs.add(2)
    page = folder / "report.html"
    assert shell("report", at(2)) == (0, f"{page}\n", "")
    page.unlink()
    told = json.loads(shell("report", at(2), "--json")[1])
    assert told == {"run_id": at(2), "page": str(page)}
    assert page.exists()
    assert shell("report", at(2), "--quiet")[1] == ""
