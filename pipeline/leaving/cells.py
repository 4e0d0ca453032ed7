"""Single cells that hold a card or an account, in columns that look harmless.

A column is judged by its first rows; what stands further down is looked at here.
"""

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.own.judging import Places
from pipeline.recognise.shown import show_header
from pipeline.recognise.withheld import secret_in
from schemas.records import Finding
from schemas.rules import rule

_LONG = 13
_WORTH_A_LOOK = (
    r"(?:^|[^\w+.\-])[2-6](?:[ .\-]?\d){12}"  # a card
    r"|\b[12](?:[ .\-]?[0-9ABab]){14}"  # a French national number
    r"|\b\d{5}[ \-]?\d{5}[ \-]?[0-9A-Za-z]{11}[ \-]?\d\d\b"  # a RIB
    r"|\b[A-Za-z]{2}\d\d ?[A-Za-z0-9]{4} ?[A-Za-z0-9]{4} ?[A-Za-z0-9]{3}"  # an IBAN
)
"""Every cell that `secret_in` may find something in, and few others."""


def hold_back(
    watched: Sequence[str], column: Callable[[str], pa.StringArray], places: Places
) -> tuple[Mapping[str, pa.StringArray], list[Finding]]:
    """Return the watched columns that hold secrets without them, and a finding each.

    `column` gives the cells of a column as they would be sent.
    """
    changed: dict[str, pa.StringArray] = {}
    findings: list[Finding] = []
    for header in watched:
        cells = column(header)
        secrets = {
            place: kind
            for place in _long_ones(cells)
            if (kind := secret_in(cells[place].as_py())) is not None
        }
        if secrets:
            changed[header] = _without(cells, secrets)
            findings += (_finding(header, p, k, places) for p, k in secrets.items())
    return changed, findings


def _long_ones(cells: pa.StringArray) -> list[int]:
    if pc.max(pc.utf8_length(cells)).as_py() in range(_LONG):
        return []
    alike = pc.match_substring_regex(cells, _WORTH_A_LOOK)
    places: list[int] = pc.indices_nonzero(
        alike.fill_null(fill_value=False)
    ).to_pylist()
    return places


def _without(cells: pa.StringArray, secrets: Mapping[int, str]) -> pa.StringArray:
    held = pa.array([place in secrets for place in range(len(cells))])
    return pc.if_else(held, None, cells)


def _finding(header: str, place: int, kind: str, places: Places) -> Finding:
    """Return the finding of a cell; the value itself is written nowhere."""
    said = rule("sensitive_value")
    return Finding(
        row=int(places.rows[place]),
        line=int(places.lines[place]),
        field=show_header(header),
        rule=said.name,
        severity=said.severity,
        original=None,
        normalised=None,
        suggestion=said.advice(places.lang),
        message=said.message(places.lang, column=show_header(header), kind=kind),
    )
