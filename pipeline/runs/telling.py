"""Tell the world outside that a run ended: a web address, and OpenTelemetry."""

import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pipeline import telemetry
from pipeline.report.receipts import counts_text
from pipeline.report.words import Words
from pipeline.runs.summary import Summary
from pipeline.settings import Settings, is_loopback
from schemas.outcomes import ExitCode, RunState

TOLD = ("import", "export", "undo")
"""Commands whose end is posted to `NOTCHPAY_NOTIFY_URL`."""
SECONDS = 5.0


def tell(settings: Settings, summary: Summary, failed: str = "") -> Iterator[str]:
    """Post the counts of a run where settings and environment ask for it.

    Yields a warning for each that did not work; nothing is ever raised.
    """
    is_begun = summary.state is RunState.INTERRUPTED
    if is_begun and summary.exit_code is ExitCode.OK:
        return  # a run that gave way to another one before it did anything
    if settings.notify_url is not None and summary.command in TOLD:
        address = settings.notify_url.get_secret_value()
        warning = post(address, counts(summary, settings.lang))
        if warning:
            yield warning
    warning = telemetry.send(_told(summary, failed))
    if warning:
        yield warning


def counts(summary: Summary, lang: str) -> dict[str, Any]:
    """Return what is posted of a run: names of ours, and numbers."""
    told = summary.as_dict()
    tables = summary.extra.get("export", {}).get("manifest", {}).get("tables", {})
    rows = told["rows"] if summary.books else {}
    posted = {
        "event": "run_ended",
        **{
            name: told[name]
            for name in ("command", "run_id", "state", "exit_code", "env", "findings")
        },
        "rows": rows,
        "tables": {name: table["rows"] for name, table in tables.items()},
        "refused_by": [g.name for g in summary.guards if g.refused and not g.passed_by],
        "requests": told["api"].get("requests", 0),
        "seconds": round(sum(told["timings"].values()), 1),
    }
    return {"text": _text(posted, Words(lang)), **posted}


def _text(posted: Mapping[str, Any], words: Words) -> str:
    """Return the counts in one line, as chat rooms show it."""
    tables = (f"{words.number(n)} {name}" for name, n in posted["tables"].items())
    rows = counts_text(words, posted["rows"]) if posted["rows"] else ", ".join(tables)
    state = words.text("state", posted["state"])
    start = f"{posted['command']} {posted['run_id']}: {state} ({posted['exit_code']})"
    return f"{start}. {rows}" if rows else start


def post(address: str, value: Mapping[str, Any]) -> str | None:
    """Post `value` as JSON; return a warning where it did not arrive.

    The warning names the host only: an address may hold a secret.
    """
    import httpx  # late: a check needs none

    host = urlsplit(address).hostname or ""
    try:
        answer = httpx.post(
            address, json=value, timeout=SECONDS, trust_env=not is_loopback(address)
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"`{host}` could not be notified ({type(error).__name__})"
    if not answer.is_success:
        return f"`{host}` did not take the notification ({answer.status_code})"
    return None


def _told(summary: Summary, failed: str) -> telemetry.Told:
    """Return what this process did of the run; its rows count once it is over."""
    api = summary.api_here
    is_over = summary.state is not RunState.INTERRUPTED
    outcomes = map(str, summary.books if is_over else ())
    return telemetry.Told(
        command=summary.command,
        run_id=summary.run_id,
        env=summary.env or "unknown",
        state=str(summary.state),
        exit_code=int(summary.exit_code),
        started=summary.started,
        ended=time.time_ns(),
        stages=tuple(telemetry.Stage(*stage) for stage in summary.stages),
        rows={name: summary.rows.get(name, 0) for name in outcomes},
        requests=api.get("by_operation", {}),
        throttled=api.get("throttled", 0),
        retries=api.get("retries", 0),
        seconds_waited=api.get("seconds_waited", 0.0),
        failed=failed,
    )
