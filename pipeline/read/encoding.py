"""Find the encoding of a text by evidence: BOM, nulls, UTF-8 validity, statistics."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.read.letters import guess
from pipeline.read.values import Stream

BLOCK = 1 << 20
_SAMPLE = 1 << 18
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STRAY = re.compile("[\udc80-\udcff]")
_LINE_BREAKS = re.compile(rb"[\r\n]+")
_HEAD = 1 << 16
_UTF32 = ("utf-32-le", "utf-32-be")
_FEW_NULLS = 4
_CONTROLS = bytes({*range(1, 9), *range(14, 32)} - {0x01, 0x1A, 0x1B, 0x1F})
"""Control characters that no table holds in number; some delimiters are among the rest."""
_MOST_CONTROLS = 0.03
_MOSTLY = 20
"""Well-formed UTF-8 letters for one bad byte that still speak for UTF-8."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec, the evidence for it, the bytes of its BOM and how sure it is (0 to 1).

    `nulls` counts the NUL bytes of an 8-bit text.
    """

    name: str
    evidence: str
    bom: int = 0
    confidence: float = 1.0
    nulls: int = 0


def given(name: str, head: bytes) -> Encoding:
    """Return the encoding that the user named, its BOM (if there) to be left out.

    Raises:
        InputError: No such codec for text.
    """
    try:
        info = codecs.lookup(name)
        "a".encode(name)  # a codec such as hex is known too, but not for text
    except (LookupError, ValueError) as error:
        raise InputError(
            f"`{name}` is no encoding that is known",
            hint="try utf-8, cp1252, utf-16 or leave `--encoding` out",
        ) from error
    canonical = info.name.removesuffix("-sig")
    for bom, codec in _BOMS:
        if head.startswith(bom) and codec.startswith(canonical):
            return Encoding(codec, "given", len(bom))
    plain = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(canonical, canonical)
    return Encoding(plain, "given")


def detect(stream: Stream, name: str) -> Encoding:
    """Return the encoding of the whole text, read once to its end.

    Raises:
        InputError: The text looks like no text at all.
    """
    head = _first(stream)
    for bom, codec in _BOMS:
        if head.startswith(bom):
            return _checked_bom(head, bom, codec, name)
    wide = _wide(head)
    if wide:
        return Encoding(wide, "null_pattern", confidence=0.95)
    _refuse_binary(head, name)
    return _narrow(_Census().count(head, stream), name)


def _first(stream: Stream) -> bytes:
    """Return a whole block where there is one: a packing may give less at a time."""
    head = stream.read(BLOCK)
    while len(head) < _HEAD and (more := stream.read(BLOCK)):
        head += more
    return head


def _refuse_binary(head: bytes, name: str) -> None:
    sample = head[:_HEAD]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > len(sample) * _MOST_CONTROLS:
        raise InputError(
            f"`{name}` is no text and no workbook that is known",
            hint="export the customers as CSV or xlsx",
        )


def _checked_bom(head: bytes, bom: bytes, codec: str, name: str) -> Encoding:
    if codec.startswith("utf-16") and _looks_32(head[2:]):
        raise InputError(
            f"`{name}` begins with the mark of UTF-16 but is not UTF-16",
            hint="save it as CSV UTF-8 and send it again",
        )
    return Encoding(codec, "bom", len(bom))


def _looks_32(body: bytes) -> bool:
    sample = body[:4096]
    return len(sample) >= 16 and sample.count(0) > len(sample) * 0.6  # noqa: PLR2004 - of 4 bytes, 3 are null


def _wide(head: bytes) -> str | None:
    """Return UTF-16 or UTF-32 without a BOM by where the null bytes stand."""
    sample = head[: 4096 if len(head) >= 4096 else len(head) // 4 * 4]  # noqa: PLR2004 - whole letters
    nulls = sample.count(0)
    if nulls < _FEW_NULLS or nulls < len(sample) * 0.02:
        return None
    even = sample[::2].count(0) / nulls
    if 0.2 < even < 0.8 and nulls > len(sample) * 0.4:  # noqa: PLR2004 - two or three of four bytes are null
        return next(filter(lambda codec: _decodes(sample, codec), _UTF32), None)
    one_side = 0.05
    if even < one_side and _decodes(sample, "utf-16-le"):
        return "utf-16-le"
    if even > 1 - one_side and _decodes(sample, "utf-16-be"):
        return "utf-16-be"
    return None


def _decodes(sample: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


class _Census:
    """Counts that decide between ASCII, UTF-8 and an 8-bit encoding."""

    def __init__(self) -> None:
        self.nulls = 0
        self.bad = 0
        self.good = 0
        self.sample = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def count(self, head: bytes, stream: Stream) -> "_Census":
        """Count every block of the text."""
        for block in _blocks(head, stream):
            self.nulls += block.count(0)
            if block.isascii() and not self._decoder.getstate()[0]:
                continue
            self._count_block(block)
        self.bad += len(_STRAY.findall(self._decoder.decode(b"", final=True)))
        return self

    def _count_block(self, block: bytes) -> None:
        text = self._strict(block)
        if text is None:
            text = self._decoder.decode(block)
            self.bad += len(_STRAY.findall(text))
            self._collect(block)
        # What decoding shortens are the further bytes of well-formed letters.
        self.good += max(0, len(block) - len(text))

    def _strict(self, block: bytes) -> str | None:
        """Return the block's text, None where it is no UTF-8; quicker than counting."""
        before = self._decoder.getstate()
        self._decoder.errors = "strict"
        try:
            return self._decoder.decode(block)
        except UnicodeDecodeError:
            self._decoder.setstate(before)
            return None
        finally:
            self._decoder.errors = "surrogateescape"

    def _collect(self, block: bytes) -> None:
        for line in _LINE_BREAKS.split(block):
            if len(self.sample) >= _SAMPLE:
                break
            if not line.isascii():
                self.sample += line[:4096] + b"\n"


def _blocks(head: bytes, stream: Stream) -> Iterator[bytes]:
    block = head
    while block:
        yield block
        block = stream.read(BLOCK)


def _narrow(census: _Census, name: str) -> Encoding:
    if not census.good and not census.bad:
        return Encoding("utf-8", "ascii", nulls=census.nulls)
    if not census.bad:
        return Encoding("utf-8", "utf8_valid", nulls=census.nulls)
    if census.good > _MOSTLY * census.bad:
        return Encoding("utf-8", "utf8_mostly", confidence=0.9, nulls=census.nulls)
    codec, confidence = guess(bytes(census.sample) or b"\xff", name)
    return Encoding(codec, "statistical", confidence=confidence, nulls=census.nulls)
