"""The digest of a plan: what would be written, to which account, under which policies."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any


def digest(
    account: str, policies: Mapping[str, Any], changes: Iterable[tuple[str | None, ...]]
) -> str:
    """Return the SHA-256 of account, policies and changes, streamed.

    `changes` are (identity, field, old, new), already sorted. No run id, time, path or
    choice of reading goes in, so the same plan has the same digest everywhere.
    """
    running = hashlib.sha256()
    running.update(_line({"account": account, "policies": dict(policies)}))
    for change in changes:
        running.update(_line(list(change)))
    return running.hexdigest()


def identity(name: str | None, email: str | None, phone: str | None) -> str:
    """Return the identity of a create in the digest: a hash of who it is."""
    return "new:" + hashlib.sha256(_line([name, email, phone])).hexdigest()


def _line(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass") + b"\n"
