"""Where the window of the next export begins, so that no payment is missed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.errors import UsageError
from pipeline.export.request import ALL, PAYMENTS, ExportRequest
from pipeline.files.stores import Store

OVERLAP_DAYS = 7
"""Days by which a window reaches back: a payment may be settled days after it began."""
_INCOMPLETE = frozenset(("totals_differ", "row_unreadable"))


@dataclass(frozen=True, slots=True)
class Span:
    """What a complete export covers: payments from `since` (None: all) until `started`."""

    since: date | None
    started: datetime


def span_of(told: Mapping[str, Any], request: ExportRequest) -> Span | None:
    """Return what the export of manifest `told` covers for `request`, None for nothing.

    It must be of the same account and environment, hold payments of the status asked
    for, have no end of its own, and nothing may be missing in it.
    """
    scope = told.get("scope", {})
    rules = {finding.get("rule") for finding in told.get("findings", ())}
    fits = (
        (told.get("account"), told.get("env")) == (request.account, request.env)
        and scope.get("what") in (PAYMENTS, ALL)
        and scope.get("status") in (None, request.status)
        and scope.get("until") is None
        and not rules & _INCOMPLETE
    )
    if not fits:
        return None
    since = scope.get("since")
    return Span(
        date.fromisoformat(since) if since else None,
        datetime.fromisoformat(told["started"]),
    )


def covered_until(spans: Iterable[Span], zone: ZoneInfo) -> datetime | None:
    """Return the moment up to which every payment was exported, without a gap.

    An export that begins after the end of those before it leaves a gap and does not
    count, however new it is.
    """
    covered: datetime | None = None
    for span in sorted(spans, key=lambda span: span.started):
        reaches = covered is not None and (
            span.since is not None and span.since <= covered.astimezone(zone).date()
        )
        if span.since is None or reaches:
            covered = span.started
    return covered


def window_start(
    store: Store, request: ExportRequest, overlap_days: int = OVERLAP_DAYS
) -> date | None:
    """Return the local date from which payments are asked for; None asks for all.

    Raises:
        UsageError: The request has another window, or no payments in it.
    """
    has_window = request.since or request.until or request.month or request.close
    if has_window or request.changed_only or not request.wants_payments:
        raise UsageError(
            "`--since-last-success` is a window of payments; it does not go with"
            " another one, `--changed-only` or customers alone"
        )
    zone = ZoneInfo(request.timezone)
    covered = covered_until(_spans(store, request), zone)
    if covered is None:
        return None
    return covered.astimezone(zone).date() - timedelta(days=max(1, overlap_days))


def _spans(store: Store, request: ExportRequest) -> Iterator[Span]:
    """Yield what finished exports cover, newest first, back to one that covers all."""
    for export_id in reversed(store.exports()):
        span = span_of(store.manifest(export_id) or {}, request)
        if span is not None:
            yield span
            if span.since is None:
                return
