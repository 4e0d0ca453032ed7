"""The rows of the matrix: each says how one run is disturbed."""

import random
import tempfile
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.chaos.child import Job, context, enter, work
from tests.chaos.clock import ScaledClock
from tests.chaos.people import Cast, make_cast
from tests.chaos.verify import (
    Verdict,
    check_journal,
    check_outcomes,
    check_people,
    folders,
)
from tests.chaos.worlds import box_world, odd_world

ATTEMPTS = 8
"""Starts of a command after which a run counts as one that never ends."""


@dataclass
class Case:
    """One run: its dice, cast, world and command line."""

    rng: random.Random
    cast: Cast
    world: object
    job: Job
    verdict: Verdict

    def process(self, job):
        """Start a command in a process of its own."""
        child = CONTEXT.Process(target=enter, args=(job,))
        child.start()
        return child

    def go_on(self, job, code):
        """Run `resume` or `import` again until it is done; return the last code."""
        while code not in (0, 3) and self.verdict.attempts < ATTEMPTS:
            again = self.rng.choice(("import", "resume"))
            self.verdict.attempts += 1
            code = work(replace(job, command=again, jump_at=None))
            if code == 2 and again == "resume":
                code = work(replace(job, command="import", jump_at=None))
        return code

    def check(self, job, cast=None, due=None):
        """Check the newest finished folder of a command."""
        made = folders(job)
        if not made:
            self.verdict.wrong += 1
            self.verdict.say("no folder")
            return
        check_outcomes(self.verdict, cast or self.cast, self.world, made[-1], due)
        check_journal(self.verdict, job)


CONTEXT = context()


@contextmanager
def case(name, seed, make_world=None, faults=None, lag=0.0, **sort):
    """Set up a run: who takes part and which server speaks how is up to the seed."""
    rng = random.Random(f"{name}/{seed}")
    factor = sort.pop("factor", 40.0)
    count = sort.pop("count", None) or rng.choice((5, 6, 8, 10, 12, 16, 20, 24, 40))
    # Looking for duplicates is most of the work of so small a run.
    dedupe = rng.choice(("off", "off", "off", "off", "strict"))
    cast = make_cast(rng, count, may_repeat=dedupe != "off", **sort)
    clock = ScaledClock(factor)
    make_world = make_world or rng.choice((odd_world, box_world))
    settings = {"concurrency": rng.choice((1, 2, 4, 8))}
    if rng.random() < 0.3 and not rng_is_same_name(cast):
        settings["import_key"] = ""
    with (
        tempfile.TemporaryDirectory(dir=_memory()) as folder,
        make_world(rng, seed, cast, faults or {}, clock, lag) as world,
    ):
        file = Path(folder) / "people.csv"
        cast.write(file)
        job = Job(
            world.url,
            folder,
            str(file),
            factor=factor,
            dedupe=dedupe,
            settings=settings,
        )
        verdict = Verdict()
        try:
            yield Case(rng, cast, world, job, verdict)
        finally:
            verdict.requests = world.requests()
            said = Path(folder) / "said.txt"
            if not verdict.is_good and said.exists():
                verdict.say(f"{world.name} {settings} {said.read_text()}")
            errors = Path(folder) / "stderr.txt"
            if errors.exists() and errors.stat().st_size:
                verdict.wrong += 1
                verdict.say(errors.read_text()[-3000:])


def rng_is_same_name(cast):
    return len({p.name for p in cast.rows}) < len({p.number for p in cast.rows})


def _memory():
    """Return a folder in memory where there is one: 2,000 runs sync a lot."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() else None


def answers(**sort):
    """Return a scenario in which answers fail at the rates that `faults` gives."""

    def play(name, seed):
        faults = sort.get("faults")
        rng = random.Random(f"rates/{name}/{seed}")
        rates = {f: r * rng.uniform(0.3, 1.5) for f, r in faults.items()}
        more = {k: v for k, v in sort.items() if k not in ("faults", "settings")}
        with case(name, seed, faults=rates, **more) as it:
            job = replace(
                it.job, settings={**it.job.settings, **sort.get("settings", {})}
            )
            code = it.go_on(job, work(job))
            finish(it, job, code)
        return it.verdict

    return play


def finish(it, job, code):
    """Check a run of one source, which must have ended well."""
    if code != 0:
        it.verdict.wrong += 1
        it.verdict.say(f"exit code {code}")
    check_people(it.verdict, [it.cast], it.world, it.cast.existing)
    it.check(job)


def killed(moment, late=0.0):
    """Return a scenario in which the process is killed, sometimes twice."""

    def play(name, seed):
        with case(name, seed, faults=_some(seed)) as it:
            creates = sum(1 for due in it.cast.due if due == "created")
            code, hooks = 1, it.world.hooks
            for _ in range(it.rng.choice((1, 1, 2))):
                at = it.rng.randint(1, max(1, creates))
                hooks.plan(at, moment, hooks.kill, it.rng.uniform(0, late))
                command = "resume" if it.verdict.kills and at % 2 else "import"
                child = it.process(replace(it.job, command=command))
                hooks.pid = child.pid
                child.join()
                code = child.exitcode
                it.verdict.kills += code == -9
                if code in (0, 3):
                    break
            hooks.at = None
            finish(it, it.job, it.go_on(it.job, code))
        return it.verdict

    return play


def _some(seed):
    """Return a few faults for every third seed."""
    if seed % 3:
        return {}
    return {"dropped, committed": 0.1, "500, committed": 0.1, "429": 0.1}


def outage(name, seed):
    """A minute in which nobody answers, from some create on."""
    with case(name, seed) as it:
        hooks = it.world.hooks
        how = it.rng.choice(("503", "drop"))
        seconds = 60 / it.job.factor
        at = it.rng.randint(1, max(1, it.cast.due.count("created")))
        hooks.plan(at, "committed", lambda: hooks.outage(seconds, how))
        finish(it, it.job, it.go_on(it.job, work(it.job)))
    return it.verdict


def slow_search(name, seed):
    """Many customers and few rows, so that searches are cheaper and lag behind."""
    faults = {"dropped, committed": 0.25, "503, committed": 0.15, "dropped": 0.1}
    with case(
        name, seed, faults=faults, lag=3.0, count=5, fillers=1300, factor=20.0
    ) as it:
        finish(it, it.job, it.go_on(it.job, work(it.job)))
    return it.verdict


def one_source_twice(name, seed):
    """Two starts of one import: the second ends with 6 or waits, and writes nothing."""
    with case(name, seed, faults=_some(seed)) as it:
        hooks = it.world.hooks
        hooks.delay = 0.05
        hooks.plan(1, "committed", lambda: False)
        wait = it.rng.choice((0.0, 0.0, 600.0))
        kills = wait and it.rng.random() < 0.5
        first = it.process(it.job)
        hooks.pid = first.pid
        hooks.fired.wait(30)
        if kills:
            threading.Timer(0.2, hooks.kill).start()
        second = work(replace(it.job, wait=wait))
        first.join()
        it.verdict.kills += first.exitcode == -9
        allowed = (0,) if wait else (0, 6)
        if second not in allowed:
            it.verdict.wrong += 1
            it.verdict.say(f"the second start ended with {second}")
        code = first.exitcode
        if code not in (0, 3) and second not in (0, 3):
            code = it.go_on(it.job, code)
        check_people(it.verdict, [it.cast], it.world, it.cast.existing)
        after = {"created": "unchanged", "updated": "unchanged"}
        done = it.cast.due
        again = [(due, after.get(due, due)) for due in done]
        for folder in folders(it.job)[:1]:
            check_outcomes(it.verdict, it.cast, it.world, folder)
        for folder in folders(it.job)[1:]:
            # An import that ended with 6 left a folder that says so, or none.
            if second == 0:
                check_outcomes(it.verdict, it.cast, it.world, folder, again)
    return it.verdict


def shared_people(name, seed):
    """Two files with half of their people in common, at the same time."""
    with case(name, seed, faults=_some(seed), only_new=True) as it:
        rows = it.cast.rows
        cut = max(1, len(rows) // 3)
        casts = [Cast(rows[: 2 * cut]), Cast(rows[cut:][::-1])]
        children, jobs = [], []
        for number, cast in enumerate(casts):
            file = Path(it.job.folder) / f"part{number}.csv"
            cast.write(file)
            jobs.append(replace(it.job, file=str(file)))
            children.append(it.process(jobs[-1]))
        kills = it.rng.random() < 0.3
        hooks = it.world.hooks
        hooks.delay = 0.02
        if kills:
            hooks.pid = children[0].pid
            hooks.plan(it.rng.randint(1, len(rows)), "committed", hooks.kill)
        for child in children:
            child.join()
        for child, job in zip(children, jobs, strict=True):
            it.verdict.kills += child.exitcode == -9
            code = child.exitcode
            while code not in (0, 3) and it.verdict.attempts < ATTEMPTS:
                it.verdict.attempts += 1
                code = work(job)
            if code != 0:
                it.verdict.wrong += 1
                it.verdict.say(f"exit code {code}")
        check_people(it.verdict, casts, it.world, [])
        _check_shared(it, casts)
        check_journal(it.verdict, it.job)
    return it.verdict


def _check_shared(it, casts):
    """Check that each person was `created` by exactly one of the runs."""
    import json

    made = {}
    by_file = {f"part{n}.csv": cast for n, cast in enumerate(casts)}
    for folder in folders(it.job):
        source = json.loads((folder / "summary.json").read_text())["source"]
        cast = by_file[source]
        due = [("created", "unchanged")] * len(cast.rows)
        lines = check_outcomes(it.verdict, cast, it.world, folder, due) or []
        for person, line in zip(cast.rows, lines, strict=False):
            made.setdefault(person.number, []).append(line["outcome"])
    for number, outcomes in made.items():
        if outcomes.count("created") != 1:
            it.verdict.wrong += 1
            it.verdict.say(f"person {number}: {outcomes}")


def signalled(act):
    """Return a scenario in which the process meets a full disk or a lost database."""

    def play(name, seed):
        with case(name, seed, faults=_some(seed)) as it:
            hooks = it.world.hooks
            import signal

            number = {"full": signal.SIGUSR1, "lost": signal.SIGUSR2}[act]
            at = it.rng.randint(1, max(1, it.cast.due.count("created")))
            moment = it.rng.choice(("before", "committed", "answered"))
            hooks.plan(at, moment, lambda: hooks.signal(number))
            hooks.delay = 0.01
            child = it.process(it.job)
            hooks.pid = child.pid
            child.join()
            code = child.exitcode
            if code not in (0, 5):
                it.verdict.wrong += 1
                it.verdict.say(f"exit code {code} of the disturbed run")
            hooks.at = None
            finish(it, it.job, it.go_on(it.job, code))
        return it.verdict

    return play


def clock_jump(name, seed):
    """The machine's clock jumps by up to two hours, forward or back."""
    with case(name, seed, faults=_some(seed) or {"dropped, committed": 0.15}) as it:
        hooks = it.world.hooks
        hooks.delay = 0.02
        jump = it.rng.choice((-7200, -600, -30, 30, 600, 7200))
        settings = {**it.job.settings, "import_key": "import_key"}
        job = replace(
            it.job, jump_at=it.rng.uniform(0.05, 0.6), jump=jump, settings=settings
        )
        child = it.process(job)
        child.join()
        finish(it, job, it.go_on(job, child.exitcode))
    return it.verdict


@dataclass(frozen=True)
class Fault:
    """A row of the table: its name, how it is played, its share of the runs."""

    name: str
    play: Callable
    share: float = 1.0


MIX = {"dropped, committed": 0.1, "500, committed": 0.1, "429": 0.1, "dropped": 0.1}
HANG = {"timeout": 0.5}
FAULTS = (
    Fault("kill -9 before the server has it", killed("before"), 1.0),
    Fault("kill -9 after send", killed("committed"), 1.0),
    Fault("kill -9 after the answer", killed("answered", 0.006), 1.0),
    Fault(
        "read timeout",
        answers(faults={"read timeout": 0.08}, settings=HANG, factor=15.0),
    ),
    Fault(
        "read timeout, stored",
        answers(faults={"read timeout, committed": 0.08}, settings=HANG, factor=15.0),
    ),
    Fault("connection dropped", answers(faults={"dropped": 0.2})),
    Fault("connection dropped, stored", answers(faults={"dropped, committed": 0.3})),
    Fault("500, stored", answers(faults={"500, committed": 0.25})),
    Fault(
        "502 and 503, stored",
        answers(faults={"502, committed": 0.15, "503, committed": 0.15}),
    ),
    Fault("answer cut short", answers(faults={"truncated": 0.2}), 0.5),
    Fault("429 storm", answers(faults={"429": 0.45})),
    Fault("a bit of everything", answers(faults=MIX), 1.5),
    Fault("outage of a minute", outage, 1.0),
    Fault("slow search index", slow_search, 0.5),
    Fault("two runs, one source", one_source_twice, 0.7),
    Fault("two runs, shared people", shared_people, 0.8),
    Fault("disk full", signalled("full"), 0.6),
    Fault("state database lost", signalled("lost"), 0.6),
    Fault("clock jump", clock_jump, 0.7),
)
