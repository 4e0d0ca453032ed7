"""What an export is asked for, and what it answers."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.errors import SettingsError, UsageError
from pipeline.export.delta import delta_library
from schemas.exports import ExportFinding
from schemas.outcomes import ExitCode

CUSTOMERS = "customers"
PAYMENTS = "payments"
ALL = "all"

PARQUET = "parquet"
DELTA = "delta"
FORMATS = (PARQUET, DELTA)

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])", re.ASCII)


class Progress(Protocol):
    """Told after every page: the stage, rows so far, and rows expected if known."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note of the progress."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export and where to.

    `root` is the exports folder, a local path or an fsspec address. `since`, `until`
    (exclusive) and `month` are local dates of `timezone`. `staging` is a local folder
    for pages that were read already; by default it lies in `root`, or for a remote
    root in the user's temporary folder. `export_mode` is the mode of the files.
    """

    what: str
    root: str
    export_id: str
    account: str
    env: str = "unknown"
    timezone: str = "Africa/Douala"
    region: str = "CM"
    status: str | None = None
    since: date | None = None
    until: date | None = None
    month: str | None = None
    close: str | None = None
    keep_geo: bool = False
    changed_only: bool = False
    csv: bool = False
    xlsx: bool = False
    format: str = PARQUET
    lang: str = "en"
    export_mode: int = 0o600
    staging: str | None = None
    concurrency: int = 8

    @property
    def wants_customers(self) -> bool:
        """Whether the customers table is asked for."""
        return self.what in (CUSTOMERS, ALL)

    @property
    def wants_payments(self) -> bool:
        """Whether the payments table is asked for."""
        return self.what in (PAYMENTS, ALL)

    @property
    def is_filtered(self) -> bool:
        """Whether some payments are left out."""
        return bool(self.status or self.since or self.until)

    @property
    def scope(self) -> Mapping[str, str | None]:
        """What decides which rows belong to the export, as the manifest tells it."""
        return {
            "what": self.what,
            "status": self.status,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }

    @property
    def key(self) -> str:
        """A short name for the pages of this request: same key, same pages."""
        told = json.dumps([self.account, self.env, self.region, dict(self.scope)])
        told += f"{self.timezone} {self.keep_geo}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What an export gives back; `path` is its folder, None where nothing was published."""

    path: str
    manifest: Mapping[str, Any]
    findings: tuple[ExportFinding, ...]
    exit_code: ExitCode
    moved_latest: bool


def month_bounds(month: str) -> tuple[date, date]:
    """Return the first day of `month` (`YYYY-MM`) and of the month after it.

    Raises:
        UsageError: `month` is not written so.
    """
    if not _MONTH.fullmatch(month):
        raise UsageError(
            f"`{month}` is not a month", hint="write it as YYYY-MM, for example 2026-10"
        )
    first = date(int(month[:4]), int(month[5:]), 1)
    return first, (first + timedelta(days=31)).replace(day=1)


def checked(request: ExportRequest) -> ExportRequest:
    """Return `request` with `month` turned into its bounds, after looking it through.

    Raises:
        UsageError: Values that contradict each other.
        SettingsError: A time zone that nobody knows.
    """
    if request.what not in (CUSTOMERS, PAYMENTS, ALL):
        raise UsageError(
            f"`{request.what}` cannot be exported", hint="customers, payments or all"
        )
    if request.format not in FORMATS:
        raise UsageError(f"`--format {request.format}` is none of {', '.join(FORMATS)}")
    if request.format == DELTA:
        delta_library()
    _zone(request.timezone)
    if request.close and (request.status or not request.wants_payments):
        raise UsageError("`--close` needs all payments of the month, whatever status")
    month = request.month or request.close
    if month is not None:
        if request.since or request.until:
            raise UsageError("a month and `--since`/`--until` exclude each other")
        if request.month and request.close and request.month != request.close:
            raise UsageError("`--month` and `--close` name different months")
        since, until = month_bounds(month)
        request = replace(request, month=month, since=since, until=until)
    if request.since and request.until and request.since >= request.until:
        raise UsageError(
            f"`--since {request.since}` is not before `--until {request.until}`",
            hint="`--until` is exclusive: name the day after the last one",
        )
    return request


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(
            f"`{name}` is not a known time zone",
            hint="set `NOTCHPAY_TIMEZONE` to a name such as Africa/Douala",
        ) from error
