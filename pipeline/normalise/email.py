"""E-mails of a column: certain ones at once, the rest one by one, then the flags."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from email_validator.rfc_constants import (
    ATEXT,
    CASE_INSENSITIVE_MAILBOX_NAMES,
    LOCAL_PART_MAX_LENGTH,
)

from pipeline.normalise import domains, emailcell, known, marks
from pipeline.normalise.column import Column, Remark
from pipeline.normalise.emailcell import Reading
from pipeline.normalise.textarrays import (
    Bools,
    Ints,
    mask,
    matches,
    nulls,
    positions,
    put,
    take,
)
from schemas.fields import EMAIL_MAX

_EMAIL_MAX = 254  # of the library; `EMAIL_MAX` is an old limit of the API
_ADDRESS = rf'^[{ATEXT}]+(?:\.[{ATEXT}]+)*@[^\s@<>"()\[\],;:\\]+$'
_FOLDED = pa.array(CASE_INSENSITIVE_MAILBOX_NAMES, pa.string())
_ROLES = pa.array(sorted(known.ROLES), pa.string())
_PLACEHOLDERS = pa.array(sorted(known.PLACEHOLDER_LOCALS), pa.string())


@dataclass(frozen=True, slots=True)
class _Parts:
    """Local parts and domains of addresses; `domain_ids` points into `domains`."""

    locals: pa.StringArray
    domains: list[str]
    domain_ids: Ints


def _split(addresses: pa.StringArray) -> _Parts:
    """Split addresses that hold exactly one `@` each."""
    flat = pc.split_pattern(addresses, "@").flatten()
    pair = np.arange(len(addresses)) * 2
    encoded = take(flat, pair + 1).dictionary_encode()
    ids = encoded.indices.to_numpy().astype(np.int64)
    return _Parts(take(flat, pair), encoded.dictionary.to_pylist(), ids)


def normalise_emails(cells: pa.StringArray, repairs: frozenset[str]) -> Column:
    """Return the address of each cell as email-validator writes it, or why not.

    Args:
        cells: Cells as they stand in the file, null where empty.
        repairs: Names of the repairs that may be applied.
    """
    rows = positions(np.asarray(cells.is_valid()))
    filled = cells if len(rows) == len(cells) else take(cells, rows)
    fast = fast_emails(filled)
    slow = _Slow()
    for place in positions(np.asarray(fast.is_null())).tolist():
        slow.read(place, int(rows[place]), filled[place].as_py(), repairs)
    places = np.fromiter(slow.found, np.int64, len(slow.found))
    values = put(fast, places, pa.array(slow.found.values(), pa.string()))
    values = values if len(rows) == len(cells) else put(nulls(len(cells)), rows, values)
    flags = _Flags(values, cells, repairs)
    remarks = (*slow.remarks, *flags.remarks)
    return Column(flags.mended, slow.problems, remarks, slow.further)


class _Slow:
    """Cells that are not certain at first sight, equal ones read once.

    `found` counts places among the filled cells, everything else rows of the chunk.
    """

    def __init__(self) -> None:
        self.known: dict[str, Reading] = {}
        self.found: dict[int, str] = {}
        self.problems: dict[int, Remark] = {}
        self.remarks: list[Remark] = []
        self.further: dict[int, tuple[str, ...]] = {}

    def read(self, place: int, row: int, cell: str, repairs: frozenset[str]) -> None:
        """Read one cell and note what became of it."""
        reading = self.known.get(cell) or emailcell.read_email(cell, repairs)
        self.known[cell] = reading
        if reading.email is None:
            assert reading.problem is not None  # one of both is always set
            offered = reading.suggestion
            self.problems[row] = Remark(row, reading.problem, cell, None, offered)
            return
        self.found[place] = reading.email
        self.remarks.extend(
            Remark(row, rule, cell, reading.email) for rule in reading.rules
        )
        if reading.further:
            self.further[row] = reading.further


def fast_emails(cells: pa.StringArray) -> pa.StringArray:
    """Return the normalised address of every cell whose reading is certain.

    `cells` holds no nulls. An ASCII dot-atom before the `@` is taken as it stands, so
    that only the distinct domains have to be asked for.
    """
    trimmed = pc.utf8_trim_whitespace(cells)
    plain = positions(matches(trimmed, _ADDRESS))
    addresses = take(trimmed, plain)
    parts = _split(addresses)
    verdicts = [emailcell.check_domain(domain) for domain in parts.domains]
    longest = np.array([v.longest if v else _EMAIL_MAX for v in verdicts], np.int64)
    lengths = np.asarray(pc.binary_length(parts.locals)).astype(np.int64)
    certain = (
        (lengths <= LOCAL_PART_MAX_LENGTH)
        & (lengths + 1 + longest[parts.domain_ids] <= _EMAIL_MAX)
        & ~_is_folded(parts.locals)
    )
    changed = [
        verdict is not None and verdict.normalized != domain
        for verdict, domain in zip(verdicts, parts.domains, strict=True)
    ]
    rewrite = certain & np.array(changed, np.bool_)[parts.domain_ids]
    addresses = _rewrite(addresses, parts, verdicts, positions(rewrite))
    return put(nulls(len(cells)), plain[certain], addresses.filter(pa.array(certain)))


def _is_folded(local_parts: pa.StringArray) -> Bools:
    """Return which local parts the library writes in lower case and are not so yet."""
    lower = pc.ascii_lower(local_parts)
    folded = positions(mask(pc.is_in(lower, value_set=_FOLDED)))
    result = np.zeros(len(local_parts), np.bool_)
    result[folded] = mask(pc.not_equal(take(lower, folded), take(local_parts, folded)))
    return result


def _rewrite(
    addresses: pa.StringArray,
    parts: _Parts,
    verdicts: list[emailcell.Domain | None],
    rows: Ints,
) -> pa.StringArray:
    names = [verdict.normalized if verdict else "" for verdict in verdicts]
    written = take(pa.array(names, pa.string()), parts.domain_ids[rows])
    return put(
        addresses,
        rows,
        pc.binary_join_element_wise(take(parts.locals, rows), written, "@"),
    )


class _Flags:
    """What is worth a look in addresses that are good, and slips that were mended."""

    def __init__(
        self, values: pa.StringArray, cells: pa.StringArray, repairs: frozenset[str]
    ) -> None:
        self.cells = cells
        self.values = values
        self.rows = positions(np.asarray(values.is_valid()))
        self.parts = _split(take(values, self.rows))
        self.remarks: list[Remark] = []
        self.mended = self._mend_domains("email_typo_domain" in repairs)
        self.remarks.extend(self._flag())

    def _mend_domains(self, is_allowed: bool) -> pa.StringArray:
        slips = {domain: domains.meant(domain) for domain in self.parts.domains}
        rows = self._with_domain(lambda domain: slips[domain] is not None)
        addresses = take(self.values, rows).to_pylist()
        cells = take(self.cells, rows).to_pylist()
        meant = []
        for row, cell, address in zip(rows.tolist(), cells, addresses, strict=True):
            local, _, domain = address.rpartition("@")
            better = f"{local}@{slips[domain]}"
            meant.append(better)
            normalised, offered = (better, None) if is_allowed else (address, better)
            remark = Remark(row, "email_typo_domain", cell, normalised, offered)
            self.remarks.append(remark)
        if not is_allowed:
            return self.values
        return put(self.values, rows, pa.array(meant, pa.string()))

    def _with_domain(self, test: Callable[[str], bool]) -> Ints:
        chosen = np.array([test(domain) for domain in self.parts.domains], np.bool_)
        return (
            self.rows[chosen[self.parts.domain_ids]] if len(chosen) else self.rows[:0]
        )

    def _with_local(self, values: pa.StringArray) -> Ints:
        lower = pc.ascii_lower(self.parts.locals)
        return self.rows[mask(pc.is_in(lower, value_set=values))]

    def _flag(self) -> Iterator[Remark]:
        values = self.values
        odd = positions(~mask(pc.string_is_ascii(values)) & ~mask(values.is_null()))
        texts = take(values, odd)
        placeholders = np.union1d(
            self._with_local(_PLACEHOLDERS),
            self._with_domain(lambda domain: domain in known.PLACEHOLDER_DOMAINS),
        )
        too_long = mask(pc.greater(pc.binary_length(values), EMAIL_MAX))
        flagged = (
            ("email_placeholder", placeholders),
            ("email_disposable", self._with_domain(_is_disposable)),
            ("email_role", self._with_local(_ROLES)),
            ("mojibake", odd[matches(texts, marks.MOJIBAKE)]),
            ("mixed_script", odd[matches(texts, marks.MIXED_SCRIPT)]),
            ("email_long", positions(too_long)),
        )
        for rule, rows in flagged:
            for row in rows.tolist():
                yield Remark(row, rule, self.cells[row].as_py(), values[row].as_py())


def _is_disposable(domain: str) -> bool:
    return domain in known.DISPOSABLE
