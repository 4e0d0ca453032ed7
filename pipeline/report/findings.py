"""`findings.jsonl`: one line a finding, values in clear, mode 0600."""

import json
import os
from collections.abc import Iterable
from json.encoder import encode_basestring
from pathlib import Path

from pipeline.files.publish import PRIVATE_FILE, disk_errors
from schemas.records import Finding


def finding_line(finding: Finding) -> str:
    """Return a finding as a line of JSON.

    Written by hand since a million findings pass here: the keys are fixed, and only
    texts need quoting.
    """
    row, line, field, rule, severity, original, normalised, suggestion, message = (
        finding
    )
    return (
        f'{{"row": {row}, "line": {line}, "field": {_text(field)},'
        f' "rule": "{rule}", "severity": "{severity}",'
        f' "original": {_text(original)}, "normalised": {_text(normalised)},'
        f' "suggestion": {_text(suggestion)}, "message": {_text(message)}}}\n'
    )


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Append findings to `path`, which is created with mode 0600."""
    with disk_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        with os.fdopen(
            handle, "w", encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.writelines(map(finding_line, findings))


def join_findings(parts: Iterable[Path], target: Path) -> None:
    """Append the findings of every part to `target`, in order."""
    with disk_errors(target):
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                with part.open("rb") as source:
                    while block := source.read(1 << 20):
                        file.write(block)


def read_findings(path: Path) -> Iterable[dict[str, object]]:
    """Yield the findings of a file; an absent file has none."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def read_errors(path: Path, rows: frozenset[int]) -> Iterable[dict[str, object]]:
    """Yield the findings that weigh as errors against one of `rows`.

    A line is parsed only where it is an error: of a million few are.
    """
    if not rows or not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if b'"severity": "error"' in line:
                told = json.loads(line)
                if told["row"] in rows and told["severity"] == "error":
                    yield told
