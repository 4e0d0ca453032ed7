"""A walk through an inbox: order, where each file goes, and that none is read twice."""

import fcntl
import hashlib
import os
import shlex
import stat

import pytest

from pipeline.files.inbox import Inbox
from tests.runs.world import AWA, BEN, CLO, csv_text, customers, people

BAD = ("Dina Fon", "dina@", "", "Buea")


def test_the_oldest_first_and_each_moved_on(box):
    box.put("b.csv", [AWA], age=10)
    box.put("a.csv", [BEN, BAD], age=5)
    box.put("shop/c.csv", [CLO], age=20)
    done = box.told()
    assert done.code == 3
    assert done.states == [("shop/c.csv", "done"), ("b.csv", "done"), ("a.csv", "done")]
    assert [each["source"] for each in done.json["files"]] == ["shop", "b.csv", "a.csv"]
    assert box.files("done") == ["a.csv", "b.csv", "shop/c.csv"]
    assert box.files("outbox") == [
        "a.csv.receipt.txt",
        "a.csv.rejected.csv",
        "a.csv.rejected.xlsx",
        "b.csv.receipt.txt",
        "shop/c.csv.receipt.txt",
    ]
    assert len(box.server.customers) == 3
    again = box.told()
    assert (again.code, again.json["files"]) == (0, [])


def test_the_receipt_holds_counts_in_three_lines(box, monkeypatch):
    box.put("a.csv", [AWA, BAD])
    monkeypatch.setenv("NOTCHPAY_LANG", "fr")
    box.walk()
    first, second, third = box.text("outbox/a.csv.receipt.txt").splitlines()
    assert first.startswith("a.csv, reçu le 20")
    assert second == "2 lignes lues\u00a0: 1 créés, 1 rejetées."
    assert third == (
        "Merci de corriger les lignes dans a.csv.rejected.xlsx et de déposer ce"
        " fichier dans la boîte de réception."
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "second", "third"),
    [
        ([AWA], "1 rows read: 1 created.", "Nothing is left to do."),
        (
            [AWA, ("Awa Sow", "", "+237690000077", ""), ("Awa Sou", "awa@example.com", "", "")],
            None,
            "Nothing to correct in the file: the rest is looked at here.",
        ),
    ],
)  # fmt: skip
def test_the_receipt_says_whose_turn_it_is(box, rows, second, third):
    box.server._store(
        {"name": "Somebody Else", "email": "awa@example.com", "phone": None}
    )
    if second:
        box.server.customers.clear()
    box.put("a.csv", rows)
    box.walk()
    lines = box.text("outbox/a.csv.receipt.txt").splitlines()
    assert lines[1] == (second or lines[1])
    assert lines[2] == third


def test_what_is_written_is_private(box):
    box.put("a.csv", [AWA, BAD])
    old = os.umask(0)
    try:
        box.walk()
    finally:
        os.umask(old)
    for place in ("done", "outbox"):
        assert stat.S_IMODE((box.root / place).stat().st_mode) == 0o700
    for path in (box.root / "outbox").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "name",
    ["a.csv.part", "a.csv.TMP", "~$a.xlsx", ".a.csv", ".~lock.a.csv#", "a.csv~",
     "a.csv.crdownload", "a.csv.filepart", "a.csv.lock"],
)  # fmt: skip
def test_what_is_not_finished_is_left_alone(box, name):
    path = box.put(name, [AWA])
    done = box.told()
    assert (done.code, done.json["files"]) == (0, [])
    assert done.json["left"] == [{"file": name, "why": "name"}]
    assert path.exists()
    assert not box.server.log


def test_links_and_pipes_are_left_alone(box):
    target = box.folder / "elsewhere.csv"
    target.write_text(csv_text([AWA]))
    (box.root / "link.csv").symlink_to(target)
    os.mkfifo(box.root / "pipe.csv")
    done = box.told()
    assert {each["why"] for each in done.json["left"]} == {"no_file"}
    assert target.exists()


def test_a_file_that_somebody_writes_is_left_alone(box):
    path = box.put("a.csv", [AWA])
    with path.open("a"):
        if fcntl.F_SETLEASE:  # Linux tells who writes
            done = box.told()
    assert done.json["left"] == [{"file": "a.csv", "why": "growing"}]
    assert box.told().states == [("a.csv", "done")]


def test_an_identical_file_is_not_read_again(box):
    box.put("a.csv", [AWA])
    run_id = box.told().json["files"][0]["run_id"]
    box.put("a.csv", [AWA])
    box.put("other name.csv", [AWA], age=1)
    asked = len(box.server.log)
    done = box.told()
    assert done.code == 0
    assert done.states == [("other name.csv", "duplicate"), ("a.csv", "duplicate")]
    assert {each["same_as"] for each in done.json["files"]} == {run_id}
    assert len(box.server.log) - asked <= 2  # whose key it is
    assert len(box.files("done")) == 3
    receipts = [n for n in box.files("outbox") if n.startswith(("a~", "other"))]
    for name in receipts:
        second = box.text(f"outbox/{name}").splitlines()[1]
        assert (
            second
            == f"The same content was read before ({run_id}); it was not read again."
        )
    assert len(receipts) == 2


@pytest.mark.slow
def test_another_content_under_the_same_name_is_kept_apart(box):
    for person in (AWA, BEN, CLO):
        box.put("a.csv", [person])
        assert box.told().states == [("a.csv", "done")]
    names = box.files("done")
    assert len(names) == 3
    assert "a.csv" in names
    texts = {box.text(f"done/{name}") for name in names}
    assert texts == {csv_text([person]) for person in (AWA, BEN, CLO)}
    for name in names:
        digest = hashlib.sha256((box.root / "done" / name).read_bytes()).hexdigest()
        assert name == "a.csv" or digest[:8] in name


@pytest.mark.slow
def test_a_file_that_was_undone_is_read_again(box):
    box.put("a.csv", [AWA])
    run_id = box.told().json["files"][0]["run_id"]
    assert box.run("undo", run_id, "--delete-created").code == 0
    assert not box.server.customers
    box.put("a.csv", [AWA])
    assert box.told().states == [("a.csv", "done")]
    assert len(box.server.customers) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is empty"), ("just a word\n", None)],
)
def test_a_bad_file_fails_and_the_others_go_on(box, text, said):
    box.put("bad.csv", text, age=9)
    box.put("good.csv", [AWA])
    done = box.told()
    assert done.code == 5
    assert done.states == [("bad.csv", "failed"), ("good.csv", "done")]
    assert box.files("failed") == ["bad.csv", "bad.csv.message.txt"]
    message = box.text("failed/bad.csv.message.txt")
    assert message.startswith(done.json["files"][0]["message"])
    assert said is None or said in message


def test_a_column_the_file_does_not_have_fails_that_file(box):
    box.put("bad.csv", "x,y\n1,2\n", age=9)
    box.put("good.csv", [AWA])
    done = box.told("--map", "email=E-mail")
    assert done.code == 5
    assert done.states == [("bad.csv", "failed"), ("good.csv", "done")]


def test_a_refused_file_waits_with_the_command_that_approves_it(box):
    many = people(19) + [BAD] * 9
    box.put("shop/many.csv", many, age=9)
    box.put("good.csv", [AWA])
    done = box.told("--max-reject-rate", "0.1", "--metadata", "none")
    assert done.code == 4
    assert done.states == [("shop/many.csv", "waiting"), ("good.csv", "done")]
    assert len(box.server.customers) == 1
    note = box.text("waiting/shop/many.csv.approve.txt").splitlines()
    command = shlex.split(note[-1])
    assert all(line.startswith("# ") for line in note[:-1])
    assert command[:2] == ["notchpay-pipeline", "import"]
    assert command[3:-2] == [
        "--source", "shop", "--metadata", "none", "--max-reject-rate", "0.1",
        "--pass", "max_reject_rate",
    ]  # fmt: skip
    # The same content again is not planned again.
    box.put("same.csv", many)
    again = box.told()
    assert (again.code, again.states) == (0, [("same.csv", "duplicate")])
    approved = box.run(*command[1:])
    assert approved.code == 3
    assert len(box.server.customers) == 20
    after = box.told()
    assert after.states == [("shop/many.csv", "done")]
    assert box.files("waiting") == []
    assert "shop/many.csv" in box.files("done")
    assert "19 created" in box.text("outbox/shop/many.csv.receipt.txt")


@pytest.mark.slow
def test_an_approval_holds_for_that_plan_only(box):
    box.put("many.csv", people(19) + [BAD] * 9)
    box.walk()
    command = shlex.split(box.text("waiting/many.csv.approve.txt").splitlines()[-1])
    box.server._store(customers(people(1))[0])
    assert box.run(*command[1:]).code == 4
    assert box.files("waiting") == ["many.csv", "many.csv.approve.txt"]


def test_an_outage_stops_the_walk_and_leaves_the_rest(box, monkeypatch):
    box.put("a.csv", [AWA], age=9)
    box.put("b.csv", [BEN])
    monkeypatch.setenv("NOTCHPAY_BASE_URL", "http://127.0.0.1:9")
    done = box.walk()
    assert done.code == 5
    assert done.err.startswith("error: ")
    assert box.files() == ["a.csv", "b.csv"]


def test_a_lock_in_the_middle_stops_the_walk(box, monkeypatch):
    from pipeline.errors import LockedError
    from pipeline.runs import inbox

    box.put("a.csv", [AWA], age=9)
    box.put("b.csv", [BEN])
    real = inbox.import_customers

    def held(settings, request, **more):
        if request.file.file.endswith("b.csv"):
            raise LockedError("another run holds it", hint="wait")
        return real(settings, request, **more)

    monkeypatch.setattr(inbox, "import_customers", held)
    done = box.told()
    assert done.code == 6
    assert done.states == [("a.csv", "done")]
    assert done.json["left"] == [{"file": "b.csv", "why": "stopped"}]
    assert done.json["stopped"] == {"message": "another run holds it", "hint": "wait"}
    assert done.err == "error: another run holds it\n\nhint: wait\n"


@pytest.mark.slow
def test_a_walk_killed_before_the_move_does_not_import_twice(box, monkeypatch):
    """The run is finished in the state database; only the move is made up for."""
    box.put("a.csv", [AWA])

    class Killed(BaseException):
        pass

    def dies(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Inbox, "move", dies)
        with pytest.raises(Killed):
            box.walk()
    assert box.files() == ["a.csv"]
    posts = box.server.count("POST", "/customers")
    runs = len(list((box.folder / "runs").glob("*/summary.json")))
    done = box.told()
    assert done.states == [("a.csv", "done")]
    assert box.server.count("POST", "/customers") == posts == 1
    assert len(list((box.folder / "runs").glob("*/summary.json"))) == runs
    assert "1 created" in box.text("outbox/a.csv.receipt.txt")


def test_an_interrupted_run_comes_first(box):
    box.put("older.csv", [AWA], age=99)
    box.put("shop/broken.csv", people(3), age=5)
    (box.root / "older.csv").rename(box.folder / "older.csv")
    first = box.told("--window", "03:00-03:00")
    assert first.code == 3
    assert first.json["left"] == [{"file": "shop/broken.csv", "why": "stopped"}]
    (box.folder / "older.csv").rename(box.root / "older.csv")
    done = box.told()
    assert done.states == [("shop/broken.csv", "done"), ("older.csv", "done")]
    assert len(box.server.customers) == 4


def test_no_time_left_leaves_the_rest(box):
    box.put("a.csv", [AWA])
    done = box.told("--max-duration", "0")
    assert (done.code, done.json["files"]) == (0, [])
    assert done.json["left"] == [{"file": "a.csv", "why": "stopped"}]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--approve", "x"], "`--approve` is about one plan"),
        (["--limit", "3"], "`--limit` is about one plan"),
        (["--dry-run"], "`--dry-run` is about one plan"),
        (["file.csv"], "exclude each other"),
    ],
)
def test_what_does_not_go_with_an_inbox(box, options, said):
    done = box.walk(*options)
    assert done.code == 2
    assert said in done.err


def test_an_inbox_is_local(box):
    done = box.run("import", "--inbox", "s3://bucket/inbox")
    assert done.code == 2
    assert "a folder of this machine" in done.err


def test_neither_file_nor_inbox(box):
    done = box.run("import")
    assert done.code == 2
    assert "needs a FILE or `--inbox DIR`" in done.err


def test_no_such_folder(box):
    done = box.run("import", "--inbox", box.folder / "nowhere")
    assert done.code == 5
    assert "there is no folder" in done.err


def test_quiet_says_nothing_on_success_and_a_line_a_file_otherwise(box):
    box.put("b.csv", [BEN, BAD], age=1)
    box.put("c.csv", [CLO])
    done = box.walk("--quiet")
    assert done.code == 3
    assert len(done.out.splitlines()) == 1
    assert done.out.startswith("b.csv: 1 created, 1 rejected. ")
    assert done.out.strip().endswith("outbox/b.csv.rejected.xlsx")
    box.put("b.csv", [AWA, BAD])
    done = box.walk("--quiet", "--max-leftover-rate", "0.5")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.slow
def test_what_the_terminal_says(box, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_LANG", "fr")
    box.put("a.csv", [AWA], age=1)
    box.put("b.csv", "")
    box.put("c.csv.part", "")
    out = box.walk().out.splitlines()
    assert out[0].startswith("a.csv\u00a0: 1 créés. ")
    assert out[1].startswith("b.csv\u00a0: échec\u00a0: ")
    assert out[2] == (
        "c.csv.part\u00a0: laissé en place (son nom est celui d'un fichier inachevé)."
    )
    assert box.walk().out.splitlines()[-1].endswith("rien n'est prêt.")


def test_no_personal_data_on_the_terminal_or_in_a_receipt(box):
    box.put("a.csv", [AWA, BAD])
    done = box.walk("--verbose")
    texts = [done.out, done.err, box.text("outbox/a.csv.receipt.txt")]
    for text in texts:
        assert not any(value in text for value in ("Awa", "awa@", "670000001", "dina"))
