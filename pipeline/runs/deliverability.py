"""`--deliverability`: ask DNS whether the distinct e-mail domains of a file take mail."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from pipeline.files.publish import write_text
from pipeline.runs.session import Session
from pipeline.runs.workbench import Workbench

Ask = Callable[[str], bool | None]
"""Says whether a domain takes mail; None where that could not be found out."""

MOST_DOMAINS = 1_000
SECONDS = 30.0
"""Bounds of one run: domains asked for, most frequent first, and the time for all."""
_LIFETIME = 4
"""Seconds for one domain."""
_AT_ONCE = 16
_FRESH = 7 * 86_400.0
"""Seconds for which an answer is remembered."""
_FILE = "domains.json"


def dns_asker(resolver: Any = None) -> Ask:
    """Return an `Ask` over email-validator's own look-up.

    `resolver` is a dnspython resolver; the machine's own where it is None.
    """
    import dns.resolver
    from email_validator import EmailUndeliverableError
    from email_validator.deliverability import (
        caching_resolver,
        validate_email_deliverability,
    )

    try:
        asked = caching_resolver(timeout=_LIFETIME, dns_resolver=resolver)
    except dns.resolver.NoResolverConfiguration:
        return lambda _: None

    def ask(domain: str) -> bool | None:
        try:
            told = validate_email_deliverability(domain, domain, dns_resolver=asked)
        except EmailUndeliverableError as error:
            # Anything unforeseen is wrapped in the same error; its cause tells it.
            is_answer = error.__cause__ is None or isinstance(
                error.__cause__, dns.resolver.NXDOMAIN | dns.resolver.NoAnswer
            )
            return False if is_answer else None
        return None if "unknown-deliverability" in told else True

    return ask


def look_up_domains(
    session: Session, bench: Workbench, ask: Ask, *, seconds: float = SECONDS
) -> None:
    """Write a warning for each row whose domain takes no mail.

    Answers are kept for a week beside the runs, mode 0600. Domains that were not asked
    for, or whose answer is unknown, are counted in one finding of the whole file.
    """
    session.talk.stage("deliverability", None)
    path = session.folder.root / _FILE
    known = _remembered(path)
    domains = _domains(bench)
    asked = [d for d in domains if d not in known][:MOST_DOMAINS]
    fresh = _ask_all(asked, ask, seconds)
    now = time.time()
    known |= {domain: (takes, now) for domain, takes in fresh.items()}
    _remember(path, known)
    bad = [domain for domain in domains if domain in known and not known[domain][0]]
    for row in _rows(bench, bad):
        session.note(row, "email_domain_undeliverable", {"field": "email"})
    unknown = sum(domain not in known for domain in domains)
    if unknown:
        session.note(0, "deliverability_unknown", {"count": str(unknown)})
    session.summary.extra["deliverability"] = {
        "domains": len(domains),
        "asked": len(asked),
        "undeliverable": len(bad),
        "unknown": unknown,
    }


def _domains(bench: Workbench) -> list[str]:
    """Return the distinct domains, the most frequent first."""
    lines = bench.con.execute(
        """
        SELECT lower(split_part(email, '@', -1)) AS domain FROM prepared
        WHERE email IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1
        """
    ).fetchall()
    return [line[0] for line in lines]


def _ask_all(domains: Sequence[str], ask: Ask, seconds: float) -> dict[str, bool]:
    """Ask for all domains at once, as far as `seconds` go; unknown answers are left out."""
    if not domains:
        return {}
    pool = ThreadPoolExecutor(min(_AT_ONCE, len(domains)), "dns")
    asked = {pool.submit(ask, domain): domain for domain in domains}
    done, _ = wait(asked, timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    answers = {asked[future]: future.result() for future in done}
    return {domain: said for domain, said in answers.items() if said is not None}


def _rows(bench: Workbench, domains: Sequence[str]) -> Iterator[int]:
    if not domains:
        return
    found = bench.con.execute(
        """
        SELECT row FROM prepared
        WHERE list_contains(?, lower(split_part(email, '@', -1))) ORDER BY row
        """,
        [list(domains)],
    ).fetchall()
    yield from (line[0] for line in found)


def _remembered(path: Path) -> dict[str, tuple[bool, float]]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        oldest = time.time() - _FRESH
        return {d: (bool(t), float(at)) for d, (t, at) in told.items() if at > oldest}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # absent or damaged: it is asked for again


def _remember(path: Path, known: Mapping[str, tuple[bool, float]]) -> None:
    write_text(path, json.dumps(known, ensure_ascii=False, sort_keys=True) + "\n")
