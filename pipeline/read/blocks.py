"""Turn the bytes of any encoding into a stream of UTF-8 blocks."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.read.encoding import Encoding
from pipeline.read.values import Stream

BLOCK = 1 << 22
"""Bytes read at once: some ten thousand rows."""

_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


@dataclass(slots=True)
class Utf8Blocks:
    """UTF-8 blocks of a text without BOM and NUL; `nulls` counts what was left out.

    Bytes that the encoding does not know stay as they are, so that they are no valid
    UTF-8 and their record is found broken later.
    """

    stream: Stream
    encoding: Encoding
    nulls: int = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield blocks until the stream ends."""
        self.stream.read(self.encoding.bom)
        blocks = self._raw() if self.encoding.name == "utf-8" else self._decoded()
        for block in blocks:
            count = block.count(0)
            self.nulls += count
            yield block.replace(b"\x00", b"") if count else block

    def _raw(self) -> Iterator[bytes]:
        while block := self.stream.read(BLOCK):
            yield block

    def _decoded(self) -> Iterator[bytes]:
        name = self.encoding.name
        errors = "surrogatepass" if name in _WIDE else "surrogateescape"
        decoder = codecs.getincrementaldecoder(name)(_errors(name))
        while block := self.stream.read(BLOCK):
            yield decoder.decode(block).encode("utf-8", errors)
        yield decoder.decode(b"", final=True).encode("utf-8", errors)


def _errors(name: str) -> str:
    """Return how undecodable bytes pass: as lone surrogates, which UTF-8 refuses."""
    return "notchpay-wide" if name in _WIDE else "surrogateescape"


def _stray_unit(error: UnicodeError) -> tuple[str, int]:
    """Stand a lone surrogate in for what a wide encoding cannot decode."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error("notchpay-wide", _stray_unit)
