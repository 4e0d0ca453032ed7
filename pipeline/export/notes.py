"""Count what is noticed while rows are read, with a few examples each."""

from collections.abc import Iterable, Sequence

from schemas.exports import ExportFinding

_EXAMPLES = 5


class Notes:
    """Findings of one export, counted by rule, table, field and detail."""

    def __init__(self, found: Iterable[ExportFinding] = ()) -> None:
        self._found: dict[tuple[str, str, str | None, str], tuple[int, list[str]]] = {}
        for finding in found:
            self.add(
                finding.rule,
                finding.table,
                finding.field,
                examples=finding.examples,
                detail=finding.detail,
                count=finding.count,
            )

    def add(
        self,
        rule: str,
        table: str,
        field: str | None = None,
        *,
        examples: Sequence[str] = (),
        detail: str = "",
        count: int = 1,
    ) -> None:
        """Count `rule` once more, or `count` times."""
        key = (rule, table, field, detail)
        seen, kept = self._found.setdefault(key, (0, []))
        kept.extend(examples[: _EXAMPLES - len(kept)])
        self._found[key] = (seen + count, kept)

    def findings(self) -> tuple[ExportFinding, ...]:
        """Return what was counted, by rule, table and field."""
        return tuple(
            ExportFinding(rule, table, field, count, tuple(examples), detail)
            for (rule, table, field, detail), (count, examples) in sorted(
                self._found.items(), key=lambda item: [str(part) for part in item[0]]
            )
        )
