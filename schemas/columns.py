"""Which column of a file is which field: the agreement of recognise and prepare."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The columns of one file by the field they fill.

    Every text on the right is a column name of `RawChunk.cells`. `emails` and
    `phones` stand in the order in which they are tried; the first good one is used.
    `metadata` pairs are (key in the customer's metadata, column). `withheld` columns
    look sensitive and leave the machine only when they are named. A cell of a
    metadata column that holds a card or an account is held back by itself, but in those
    that are `trusted`: named by hand, or full of numbers that look like cards and are none.
    """

    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    country: str | None = None
    external_id: str | None = None
    consent: str | None = None
    consent_date: str | None = None
    birth_date: str | None = None
    national_id: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    withheld: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
