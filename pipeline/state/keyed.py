"""Keyed hashes: people can be found again in the state database but not read from it.

The secret lies in a file of its own, so that a copy of the database alone tells
nothing about anybody.
"""

import os
import secrets
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from pipeline.errors import StateError
from pipeline.state.faults import told_disk

_SECRET_BYTES = 32
_DIGEST_BYTES = 16


class KeyedHash:
    """BLAKE2b under a secret: a value always has the same key where the secret is."""

    def __init__(self, secret: bytes) -> None:
        self._start = blake2b(key=secret, digest_size=_DIGEST_BYTES)

    def key_of(self, kind: str, normalised: str) -> str:
        """Return 32 hex digits for a `normalised` value of a `kind` such as `email`."""
        digest = self._start.copy()
        digest.update(f"{kind}\0{normalised}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def fingerprint(self) -> str:
        """Return what tells two secrets apart without giving either away."""
        return self.key_of("secret", "fingerprint")


def load_keyed_hash(path: Path, *, may_create: Callable[[], bool]) -> KeyedHash:
    """Read the secret at `path`; where there is none and `may_create()`, make one.

    Raises:
        StateError: The secret is missing or not one that this project wrote.
        DiskError: The file cannot be written.
    """
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        if not may_create():
            raise StateError(
                f"the key of the keyed hashes is missing: `{path}`",
                hint="put back its copy; without it nobody is recognised again",
            ) from None
        _create(path)
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as exc:
        raise StateError(f"the key file `{path}` cannot be read") from exc
    return KeyedHash(_parse(text, path))


def _parse(text: str, path: Path) -> bytes:
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        secret = b""
    if len(secret) != _SECRET_BYTES:
        raise StateError(
            f"the key file `{path}` does not hold {_SECRET_BYTES * 2} hex digits",
            hint="put back its copy",
        )
    return secret


def _create(path: Path) -> None:
    """Write a new secret; of two processes that do it at once, one wins whole."""
    with told_disk(str(path)):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
