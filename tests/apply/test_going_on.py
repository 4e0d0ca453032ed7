"""Stopping and going on: signals, time, a changed file, an approved plan on a busy account."""

import io
import signal
import threading
import time

import pytest

from pipeline.api.clock import RealClock
from pipeline.apply.stop import Window
from pipeline.runs.resuming import Times
from pipeline.runs.suspects import hold_suspects
from pipeline.state.writes import IndexRow
from tests.apply.runs import Desk, emails, people
from tests.chaos.clock import ScaledClock
from tests.chaos.worlds import HookedOdd, Hooks
from tests.servers.odd import OddServer


@pytest.fixture
def desk(tmp_path):
    """A desk before a server whose creates can be hooked."""
    hooks = Hooks()
    with HookedOdd(hooks, ScaledClock(1.0)) as server:
        it = Desk(tmp_path, server.url)
        it.server, it.hooks = server, hooks
        yield it


def interrupted(desk, file, at=5, **more):
    """Let an import stop at its `at`-th create, as SIGTERM stops it."""
    old = signal.getsignal(signal.SIGTERM)

    main = threading.main_thread().ident
    desk.hooks.plan(at, "committed", lambda: signal.pthread_kill(main, signal.SIGTERM))
    desk.hooks.delay = 0.02
    code = desk.imports(file, **more)
    desk.hooks.at, desk.hooks.delay = None, 0.0
    assert signal.getsignal(signal.SIGTERM) is old
    return code


@pytest.mark.parametrize("how", ["resume", "import"])
def test_a_stopped_import_goes_on_under_its_id(desk, how):
    file = desk.file(people(40))
    assert interrupted(desk, file) == 143
    run_id = desk.last()
    rows = desk.rows()
    assert rows["created"] == len(desk.server.customers)
    assert rows["created"] + rows["not_attempted"] == 40
    assert desk.summary()["exit_code"] == 143
    assert (desk.folder / "runs" / run_id / "not_attempted.csv").exists()
    assert (desk.resumes() if how == "resume" else desk.imports(file)) == 0
    assert desk.last() == run_id
    assert desk.rows() == {"created": 40}
    assert len(desk.server.customers) == 40
    assert desk.server.count("POST") == 40


def test_a_finished_run_is_not_resumed(desk):
    file = desk.file(people(3))
    assert desk.imports(file) == 0
    assert desk.resumes(desk.last()) == 2
    assert desk.resumes() == 2
    assert desk.resumes("20200101T000000Z-000000") == 2


def test_resuming_a_changed_file_is_refused_and_importing_it_closes_the_old_run(desk):
    file = desk.file(people(40))
    assert interrupted(desk, file) == 143
    old = desk.last()
    made = len(desk.server.customers)
    desk.file(people(30, first=60))
    assert desk.resumes() == 5
    assert "changed" in desk.error.message
    assert desk.imports(file) == 0
    assert desk.rows(old) == {"created": made, "not_attempted": 40 - made}
    assert desk.summary(old)["state"] == "finished"
    assert desk.rows() == {"created": 30}
    assert len(set(emails(desk.server))) == len(desk.server.customers) == made + 30


def test_abandon_settles_and_closes(desk):
    file = desk.file(people(40))
    assert interrupted(desk, file) == 143
    made = len(desk.server.customers)
    assert desk.resumes(abandon=True) == 3
    assert desk.rows() == {"created": made, "not_attempted": 40 - made}
    assert desk.resumes() == 2
    assert desk.imports(file) == 0
    assert desk.rows() == {"created": 40 - made, "unchanged": made}


def test_standard_input_is_resumed_from_its_spool(desk):
    text = desk.file(people(40)).read_bytes()
    desk.hooks.delay = 0.02
    assert interrupted(desk, "-", stdin=io.BytesIO(text)) == 143
    assert desk.resumes() == 0
    assert desk.rows() == {"created": 40}
    assert len(desk.server.customers) == 40


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"max_duration": 0.0}, "--max-duration"),
        ({"window": Window.parse("00:00-00:00")}, "--window"),
    ],
)
def test_a_run_out_of_time_stops_cleanly(desk, more, said):
    file = desk.file(people(8))
    assert desk.imports(file, clock=RealClock(), **more) == 3
    assert said in desk.error.message
    assert desk.rows() == {"not_attempted": 8}
    assert not desk.server.customers
    assert desk.resumes(times=Times()) == 0
    assert desk.rows() == {"created": 8}


def test_two_starts_of_one_import(desk):
    file = desk.file(people(30))
    desk.hooks.delay = 0.05
    desk.hooks.plan(1, "committed", lambda: False)
    first = Desk(desk.folder, desk.server.url)
    codes = []
    thread = threading.Thread(target=lambda: codes.append(first.imports(file)))
    thread.start()
    assert desk.hooks.fired.wait(30)
    before = desk.summary()
    assert desk.imports(file) == 6
    assert "works on source" in desk.error.message
    assert desk.summary()["state"] == before["state"] == "interrupted"
    assert desk.imports(file, wait=6000.0) == 0
    thread.join()
    assert codes == [0]
    assert desk.server.count("POST") == 30
    assert sorted(desk.rows(r.name).popitem() for r in _runs(desk)) == [
        ("created", 30),
        ("unchanged", 30),
    ]


def _runs(desk):
    return [p for p in (desk.folder / "runs").iterdir() if p.is_dir()]


def test_an_approved_plan_is_applied_row_by_row_on_a_busy_account(tmp_path):
    rows = people(6)
    known = [{"name": n, "email": e} for n, e, _ in rows[:4]]
    with OddServer(customers=known) as server:
        desk = Desk(tmp_path, server.url)
        file = desk.file(rows)
        assert desk.plans(file) == 0
        digest = desk.summary()["plan_digest"]
        ids = list(server.customers)

        plain = server.answer

        def answer(method, target, headers, body):
            if target.startswith("/customers/"):  # the plan is made, writing begins
                server.customers[ids[1]]["phone"] = "+237690000077"
            return plain(method, target, headers, body)

        server.answer = answer
        code = desk.imports(file, approve=digest, max_read_age=0.0)
        assert code == 3
        found = desk.outcomes()
    assert found[2] == ("review", "changed_since_plan")
    assert {row: out for row, (out, _) in found.items() if row != 2} == {
        1: "updated", 3: "updated", 4: "updated", 5: "created", 6: "created",
    }  # fmt: skip


def test_whom_another_run_wrote_since_the_listing_is_not_gone(desk):
    assert desk.imports(desk.file(people(3), "other.csv")) == 0
    everybody, plain, lists = desk.server.customers, desk.server.answer, []

    def answer(method, target, headers, body):
        if method != "GET" or not target.startswith("/customers?") or lists:
            return plain(method, target, headers, body)
        lists.append(target)  # told a moment before the other run wrote them
        held = dict(everybody)
        everybody.clear()
        told = plain(method, target, headers, body)
        everybody.update(held)
        return told

    desk.server.answer = answer
    assert desk.imports(desk.file(people(3))) == 0
    assert desk.rows(desk.session.summary.run_id) == {"unchanged": 3}
    assert desk.server.count("POST") == 3


def test_whom_another_run_writes_while_this_one_judges_is_not_gone(desk, monkeypatch):
    async def late(matcher, note, records, **more):
        memory = matcher.memory
        records_of = matcher.bench.stream(
            "SELECT email, phone FROM golden ORDER BY row"
        )
        written = [
            IndexRow(
                f"cus.{n}", *memory.hashes.contacts(*contacts), written_run="other"
            )
            for n, contacts in enumerate(records_of)
        ]
        memory.index.upsert(written)  # as the other run's journal does, after the list
        await hold_suspects(matcher, note, records, **more)

    monkeypatch.setattr("pipeline.runs.matching.hold_suspects", late)
    assert desk.imports(desk.file(people(3))) == 0
    assert desk.rows() == {"created": 3}


def test_creates_of_an_old_plan_are_matched_again(desk):
    file = desk.file(people(40))
    assert interrupted(desk, file) == 143
    made = len(desk.server.customers)
    name, email, phone = people(40)[39]
    desk.server._store({"name": name, "email": email, "phone": phone})

    class Late(ScaledClock):
        def time(self):
            return super().time() + 4000

    from pipeline.runs.resuming import resume

    code = desk.run(lambda: resume(desk.settings, None, clock=Late(40.0)))
    assert code == 3
    assert desk.outcomes()[40] == ("review", "changed_since_plan")
    assert desk.rows() == {"created": 39, "review": 1}
    assert desk.server.count("POST") == 39
    assert made < 39


def test_a_refused_key_in_the_middle_stops_and_can_be_resumed(desk):
    file = desk.file(people(40))
    desk.hooks.plan(
        6, "committed", lambda: setattr(desk.server.o, "keys_refused", ("pk_test.x",))
    )
    assert desk.imports(file) == 5
    desk.server.o.keys_refused = ()
    assert desk.resumes() == 0
    assert desk.rows() == {"created": 40}
    assert len(desk.server.customers) == 40


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_the_command_with_its_code(desk, number, code):
    file = desk.file(people(60))
    desk.hooks.delay = 0.1
    desk.hooks.plan(5, "committed", lambda: False)
    with desk.process("import", file, "--quiet") as child:
        assert desk.hooks.fired.wait(60)
        child.send_signal(number)
        began = time.monotonic()
        _, said = child.communicate(timeout=40)
    assert child.returncode == code
    assert "Traceback" not in said
    assert time.monotonic() - began < 30
    assert desk.rows()["created"] == len(desk.server.customers)
    desk.hooks.delay = 0.0
    assert desk.resumes() == 0
    assert desk.rows() == {"created": 60}
    assert len(desk.server.customers) == 60


@pytest.mark.slow
def test_after_a_kill_only_what_was_on_its_way_is_looked_up(desk):
    """1,000 rows at 8 in flight, killed in the middle: at most 24 doubts."""
    file = desk.file(people(1000))
    desk.hooks.plan(500, "committed", desk.hooks.kill)
    with desk.process("import", file, "--quiet", "--dedupe", "off") as child:
        desk.hooks.pid = child.pid
        child.wait()
    assert child.returncode == -signal.SIGKILL
    sent = desk.server.count("POST")
    stored = len(desk.server.customers)
    before = desk.server.operations()
    desk.with_settings(concurrency=8)
    assert desk.resumes() == 0
    after = desk.server.operations()
    assert desk.rows() == {"created": 1000}
    assert len(desk.server.customers) == 1000
    assert desk.server.count("POST") - sent == 1000 - stored
    looked = sum(after[k] - before[k] for k in ("list", "search", "get"))
    assert looked <= 24
