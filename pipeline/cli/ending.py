"""The exit code of a command that came to its end, leftovers weighed."""

from collections.abc import Mapping

from pipeline.cli.options import Common
from schemas.outcomes import LEFTOVERS, ExitCode


def settled_code(
    code: int, common: Common, rows: Mapping[str, int] | None = None
) -> int:
    """Return `code`, or 0 where it tells of leftovers that the command line allows.

    `rows` are the counts of a run by outcome, with `read`. What is no share of rows
    (totals or a reconciliation that differ) is allowed by `--allow-leftovers` only.
    """
    if code != ExitCode.LEFTOVERS:
        return int(code)
    return 0 if common.allow_leftovers or _are_few(common, rows or {}) else int(code)


def _are_few(common: Common, rows: Mapping[str, int]) -> bool:
    limit, read = common.max_leftover_rate, rows.get("read", 0)
    if limit is None or not read:
        return False
    return sum(rows.get(str(outcome), 0) for outcome in LEFTOVERS) <= limit * read
