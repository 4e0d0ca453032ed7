"""Which runs there are, and playing them in a few processes."""

import multiprocessing
import os
import sys
import time
import traceback

from tests.chaos.child import draw_no_pages
from tests.chaos.faults import FAULTS
from tests.chaos.verify import Verdict


def chosen(runs, seed, only=""):
    """Return (name, seed) of every run, mixed, so that each process gets of each."""
    faults = [f for f in FAULTS if only.lower() in f.name.lower()]
    whole = sum(f.share for f in faults)
    counts = [max(1, round(runs * f.share / whole)) for f in faults] if faults else []
    plays = [
        ((n + 0.5) / count, f.name, seed + n)
        for f, count in zip(faults, counts, strict=True)
        for n in range(count)
    ]
    return [(name, number) for _, name, number in sorted(plays)]


def play(name, seed):
    """Play one run; a harness that fails is told as a wrong outcome."""
    fault = next(f for f in FAULTS if f.name == name)
    began = time.monotonic()
    try:
        verdict = fault.play(name, seed)
    except Exception:  # noqa: BLE001 - the table must tell of it
        verdict = Verdict(wrong=1, notes=[traceback.format_exc()])
    return verdict, time.monotonic() - began


def _worker(jobs, results, parent):
    draw_no_pages()
    for name, seed in iter(jobs.get, None):
        if os.getppid() != parent:  # nobody waits for the rest
            return
        results.put((name, seed, *play(name, seed)))
    results.put(None)


def play_all(plays, processes):
    """Play every run; return the lines of the table."""
    lines = {
        f.name: {
            "fault": f.name,
            "runs": 0,
            "created_twice": 0,
            "lost": 0,
            "wrong_outcome": 0,
            "unbalanced": 0,
            "requests": 0,
            "kills": 0,
            "seconds": 0.0,
            "bad_seeds": [],
        }
        for f in FAULTS
        if any(name == f.name for name, _ in plays)
    }
    for done, (name, seed, verdict, seconds) in enumerate(_played(plays, processes), 1):
        _add(lines[name], seed, verdict, seconds)
        if not verdict.is_good:
            print(f"{name} --seed {seed}:", *verdict.notes, sep="\n  ", flush=True)
        if done % 100 == 0:
            print(f"{done} of {len(plays)}", file=sys.stderr, flush=True)
    return list(lines.values())


def _played(plays, processes):
    if processes <= 1:
        draw_no_pages()
        for name, seed in plays:
            yield name, seed, *play(name, seed)
        return
    context = multiprocessing.get_context("spawn")
    jobs, results = context.Queue(), context.Queue()
    for each in plays:
        jobs.put(each)
    workers = []
    for _ in range(processes):
        jobs.put(None)
        workers.append(
            context.Process(target=_worker, args=(jobs, results, os.getpid()))
        )
        workers[-1].start()
    left = processes
    while left:
        found = results.get()
        if found is None:
            left -= 1
            continue
        yield found
    for worker in workers:
        worker.join()


def _add(line, seed, verdict, seconds):
    line["runs"] += 1
    line["created_twice"] += verdict.twice
    line["lost"] += verdict.lost
    line["wrong_outcome"] += verdict.wrong
    line["unbalanced"] += verdict.unbalanced
    line["requests"] += verdict.requests
    line["kills"] += verdict.kills
    line["seconds"] = round(line["seconds"] + seconds, 2)
    if not verdict.is_good:
        line["bad_seeds"].append(seed)


assert os.name == "posix", "processes are killed with SIGKILL"
