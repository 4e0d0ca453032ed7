"""The table of the matrix as text and as a page."""

_COUNTS = ("created_twice", "lost", "wrong_outcome", "unbalanced")
_HEAD = ("fault", "runs", "kill -9", "created twice", "lost", "wrong outcome",
         "unbalanced", "requests mean")  # fmt: skip


def totals(rows):
    sums = {
        name: sum(row[name] for row in rows)
        for name in ("runs", "kills", "requests", *_COUNTS)
    }
    return {**sums, "bad": sum(sums[name] for name in _COUNTS)}


def _cells(rows):
    whole = {"fault": "all", **totals(rows)}
    for row in [*rows, whole]:
        mean = row["requests"] / max(1, row["runs"])
        yield (
            row["fault"],
            str(row["runs"]),
            str(row["kills"]),
            *(str(row[name]) for name in _COUNTS),
            f"{mean:.1f}",
        )


def as_text(rows, seconds):
    lines = [_HEAD, *_cells(rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEAD))]
    text = "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
    return f"{text}\n{seconds} s"


def joined(before, now):
    """Return the lines of two plays as one table."""
    lines = {row["fault"]: dict(row) for row in before}
    for row in now:
        old = lines.get(row["fault"])
        lines[row["fault"]] = (
            row
            if old is None
            else {k: old[k] if k == "fault" else old[k] + v for k, v in row.items()}
        )
    return list(lines.values())


def in_manual(text, rows):
    """Return the manual's `text` with the table between its marks made anew."""
    start, end = "<!-- chaos -->\n", "<!-- end of chaos -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}{_markdown(rows)}\n{end}{after}"


def _markdown(rows):
    lines = [_HEAD, ["---", *(["---:"] * (len(_HEAD) - 1))], *_cells(rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def as_markdown(rows, seeds, seconds):
    table = _markdown(rows)
    whole = totals(rows)
    return f"""# Chaos: what happens to a run that is disturbed

`make chaos` plays small imports (5 to 40 rows) against two servers that share no line,
the sandbox and `tests/servers/odd.py`, each in several dialects, with and without
an import key, and disturbs them. Waits run on a scaled clock. After each run the
server's own records, `outcomes.parquet`, `summary.json` and the journal are compared.

{table}

{whole["runs"]} runs, seeds from {" and ".join(map(str, seeds))} on, {seconds} s; {whole["kills"]} processes
were really killed with SIGKILL and the import was taken up again with `resume` or
`import`. One run again: `python -m tests.chaos --only "429 storm" --seed 17 --runs 1`.
"""
