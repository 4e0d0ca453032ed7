"""The table of all rules in docs/rules.md; run as a module, it writes the table anew."""

from itertools import groupby
from pathlib import Path

from schemas.rules import rules

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rules.md"
HEADING = "## Rules of the pipeline's own\n"


def table():
    """Return the generated part of the page."""
    parts = [
        "\nWritten from `schemas/rules/*.toml` by `python -m tests.own_rules.rules_table`.\n"
    ]
    for stage, group in groupby(rules().values(), key=lambda rule: rule.stage):
        parts.append(f"\n### {stage}\n\n| rule | severity | says | what to do |\n")
        parts.append("| --- | --- | --- | --- |\n")
        for rule in group:
            cells = [f"`{rule.name}`", str(rule.severity), rule.en, rule.do_en]
            escaped = [cell.replace("|", "\\|") for cell in cells]
            parts.append(f"| {' | '.join(escaped)} |\n")
    return "".join(parts)


if __name__ == "__main__":
    written, _, _ = PAGE.read_text(encoding="utf-8").partition(HEADING)
    PAGE.write_text(written + HEADING + table(), encoding="utf-8")
