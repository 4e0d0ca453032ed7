"""Columns that are no field: into metadata under a key each, withheld, or unused."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.errors import UsageError
from pipeline.recognise.fields import Column
from pipeline.recognise.named import find_column
from pipeline.recognise.options import (
    Basis,
    ColumnEvidence,
    Note,
    RecogniseOptions,
)
from pipeline.recognise.shown import show_header
from pipeline.recognise.withheld import has_order_numbers, kind_of
from schemas.sensitive import sensitive_kind


@dataclass(frozen=True, slots=True)
class Said:
    """What the user said about columns that are no field, by header of the file."""

    keys: dict[str, str]
    only: frozenset[str] | None
    released: frozenset[str]
    denied: frozenset[str]
    renamed: dict[str, str]

    @classmethod
    def of(
        cls, headers: Sequence[str], keys: dict[str, str], chosen: RecogniseOptions
    ) -> "Said":
        """Return what `chosen` says, its names found among `headers`.

        `keys` holds the columns of `--map metadata.KEY`.

        Raises:
            UsageError: `--metadata` names a column that is none.
        """

        def found(names: Sequence[str], option: str) -> frozenset[str]:
            return frozenset(find_column(headers, name, option) for name in names)

        only: frozenset[str] | None = frozenset() if chosen.metadata == "none" else None
        if not isinstance(chosen.metadata, str):
            only = found(chosen.metadata, "--metadata")
        return cls(
            keys=keys,
            only=only,
            released=(only or frozenset()) | _present(headers, chosen.allow),
            denied=_present(headers, chosen.deny),
            renamed=dict(chosen.rename),
        )

    def leaves_out(self, column: str) -> bool:
        """Say whether the user kept a column back."""
        return column in self.denied or (
            self.only is not None and column not in self.only
        )


def _present(headers: Sequence[str], names: Sequence[str]) -> frozenset[str]:
    """Return the names that are columns of this file; a setting serves many files."""
    return frozenset(names) & frozenset(headers)


@dataclass(slots=True)
class Rest:
    """Where the columns went that are no field.

    `metadata` holds column by key, `by_kind` the first column that leaves of each
    sensitive kind. Keys in `reserved` are those that a field writes itself.
    """

    reserved: frozenset[str] = frozenset()
    metadata: dict[str, str] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)
    trusted: list[str] = field(default_factory=list)
    by_kind: dict[str, str] = field(default_factory=dict)
    evidence: list[ColumnEvidence] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def sort(self, column: Column, said: Said) -> None:
        """Put `column` where it belongs.

        Raises:
            UsageError: Two columns are to have the same key by hand.
        """
        header = column.header
        kind, why = kind_of(header, column.filled) or ("", "")
        if header in said.keys:
            self._send(header, said.keys[header], kind, by_hand=True)
            self.trusted.append(header)
        elif said.leaves_out(header):
            self.evidence.append(ColumnEvidence(header, "unused", "map"))
        elif kind and header not in said.released:
            self._withhold(header, kind, why)
        else:
            by_hand = header in said.renamed
            key = said.renamed.get(header, header).strip()
            self._send(header, key, kind, by_hand=by_hand)
            if header in said.released or has_order_numbers(column.filled):
                self.trusted.append(header)

    def _send(self, header: str, key: str, kind: str, *, by_hand: bool) -> None:
        taken = self.reserved | self.metadata.keys()
        if by_hand and key in taken:
            raise UsageError(
                f"`metadata.{show_header(key)}` is filled twice",
                hint="give each column a key of its own",
            )
        number = 2
        free = key
        while free in taken:
            free, number = f"{key} {number}", number + 1
        self.metadata[free] = header
        basis: Basis = "map" if by_hand else "rest"
        self.evidence.append(ColumnEvidence(header, f"metadata.{free}", basis))
        self.by_kind.setdefault(sensitive_kind(key) or kind, header)

    def _withhold(self, header: str, kind: str, why: str) -> None:
        self.withheld.append(header)
        basis: Basis = "header" if why == "header" else "contents"
        facts = kind if why == "header" else f"{kind}, {why}"
        self.evidence.append(ColumnEvidence(header, "withheld", basis, facts))
        self.notes.append(Note("sensitive_column", header, (("kind", kind),)))
