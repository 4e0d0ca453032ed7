"""Keep an export true after its files were rewritten: sizes, digests, Delta logs."""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.export.delta import write_logs
from pipeline.export.manifest import as_text, table_entry
from pipeline.files.publish import write_text
from schemas.exports import MANIFEST

_LOG = "_delta_log"


def mend_exports(root: Path, changed: Iterable[Path], note: dict[str, Any]) -> int:
    """Bring manifests and Delta logs up to files that were rewritten; return how many.

    `note` is added to the `erased` list of each manifest. Numbers of rows, sums and
    totals stay as they were: no record was taken out.
    """
    folders = {root / path.relative_to(root).parts[0] for path in changed}
    mended = [folder for folder in sorted(folders) if (folder / MANIFEST).is_file()]
    for folder in mended:
        _mend(folder, note)
    return len(mended)


def _mend(folder: Path, note: dict[str, Any]) -> None:
    path = folder / MANIFEST
    told = json.loads(path.read_text(encoding="utf-8"))
    for name, entry in told["tables"].items():
        _mend_log(folder, name)
        _mend_table(folder, entry)
    told.setdefault("erased", []).append(note)
    write_text(path, as_text(told), mode=path.stat().st_mode & 0o777)


def _mend_table(folder: Path, entry: dict[str, Any]) -> None:
    files = [folder / each["path"] for each in entry.get("files", [])]
    if all(path.suffix == ".parquet" for path in files):
        entry.update(table_entry(folder, files) | {"rows": entry["rows"]})
        return
    for each, path in zip(entry["files"], files, strict=True):
        content = path.read_bytes()
        each |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _mend_log(folder: Path, table: str) -> None:
    """Write the Delta log anew: it holds sizes, and least and greatest values."""
    if (folder / table / _LOG).is_dir():
        shutil.rmtree(folder / table / _LOG)
        write_logs(folder, [table])
