"""Decide which rows go on by their contacts, with the rules of the pandera model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.normalise.column import Remark
from pipeline.normalise.contacts import Contact
from pipeline.normalise.textarrays import Bools, Ints, positions

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Refused rows with their first rule, and a remark for each row without contact."""

    refused: "Mapping[int, str]"
    without_contact: tuple[Remark, ...]


def judge(email: Contact, phone: Contact, reject_bad_contact: bool) -> Verdicts:
    """Return which rows are refused.

    A bad contact refuses its row unless the other one is good; with
    `reject_bad_contact` it always does. A row without any contact is refused.
    """
    has_good = np.asarray(email.values.is_valid()) | np.asarray(phone.values.is_valid())
    doubtful = positions(~has_good)
    if reject_bad_contact:
        bad = np.array(sorted(email.problems.keys() | phone.problems.keys()), np.int64)
        doubtful = np.union1d(doubtful, bad)
    if not len(doubtful):
        return Verdicts({}, ())
    return _by_model(doubtful, has_good, email, phone)


def _by_model(rows: Ints, has_good: Bools, email: Contact, phone: Contact) -> Verdicts:
    from pipeline.validate import split, to_frame
    from schemas.models import Row

    emails = [_first(email, row) for row in rows.tolist()]
    phones = [_first(phone, row) for row in rows.tolist()]
    has_any = [
        bool(has_good[row] or a or b)
        for row, a, b in zip(rows.tolist(), emails, phones, strict=True)
    ]
    frame = to_frame(
        {
            "has_contact": pa.array(has_any, pa.bool_()),
            "email_problem": pa.array(emails, pa.string()),
            "phone_problem": pa.array(phones, pa.string()),
        }
    )
    _, failures = split(frame, Row)
    refused = {int(rows[place]): rules[0] for place, rules in failures.rules.items()}
    missing = (row for row, rule in refused.items() if rule == "no_contact")
    return Verdicts(refused, tuple(Remark(row, "no_contact", None) for row in missing))


def _first(contact: Contact, row: int) -> str | None:
    problems = contact.problems.get(row)
    return problems[0].rule if problems else None
