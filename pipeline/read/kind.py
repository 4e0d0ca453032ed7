"""What a file is, told by its first bytes and never by its name."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import InputError

HEAD = 4096
"""Bytes looked at."""

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zst",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_EXPORT_HINT = "export the customers as CSV or xlsx"
_FOREIGN = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "a text document (RTF)",
    b"PAR1": "a Parquet file",
    b"SQLite format 3\x00": "an SQLite database",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"ARROW1": "an Arrow file",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
}
_BIFF = re.compile(rb"\x09[\x00\x02\x04\x08][\x04-\x10]\x00")
_MARKUP = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|table|meta|style)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"\s*<\?xml\b", re.IGNORECASE)
_TEXT_FORMATS = (
    (re.compile(r"\s*BEGIN:VCARD", re.IGNORECASE), "a vCard address book"),
    (re.compile(r"\s*BEGIN:VCALENDAR", re.IGNORECASE), "a calendar"),
    (re.compile(r"\s*[\[{]\s*(?:[\[{]\s*)*\""), "a JSON document"),
    (re.compile(r"\s*%YAML"), "a YAML document"),
    (re.compile(r"\s*(?:dn|version): .*\n(?:dn|objectClass):"), "an LDIF file"),
    (re.compile(r"\s*-----BEGIN "), "a key or certificate"),
)
_NAMED_PACKED = {
    ".zip": "a zip archive",
    ".gz": "a gzip file",
    ".tgz": "a gzip file",
    ".bz2": "a bz2 file",
    ".xz": "an xz file",
    ".zst": "a zst file",
    ".7z": "a 7z archive",
    ".rar": "a RAR archive",
    ".tar": "a tar archive",
    ".pdf": "a PDF document",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """`family` is text, workbook or packed; `form` says which of them."""

    family: str
    form: str


def kind_of(path: Path, name: str) -> Kind:
    """Return what the file at `path` is.

    Raises:
        InputError: It is empty, or of a kind that cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if not head.strip(b"\x00 \t\r\n\x1a") and path.stat().st_size <= HEAD:
        raise InputError(f"`{name}` is empty", hint="export the customers again")
    for magic, form in _PACKED.items():
        if head.startswith(magic):
            return Kind("packed", form)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path, name)
    if head.startswith(_OLE):
        _refuse_locked(path, name)
        return Kind("workbook", "xls")
    if _BIFF.match(head):
        raise InputError(
            f"`{name}` is a workbook of Excel 5 or older, which is not read",
            hint="open it and save it as xlsx",
        )
    refuse_foreign(head, name)
    refuse_named(name)
    return Kind("text", "csv")


def _refuse_locked(path: Path, name: str) -> None:
    """Raise where an OLE file wraps an encrypted xlsx."""
    with path.open("rb") as stream:
        before = b""
        while block := stream.read(1 << 20):
            if _LOCKED in before + block:
                raise InputError(
                    f"`{name}` is protected by a password",
                    hint="open it, save it without a password and try again",
                )
            before = block[-len(_LOCKED) :]


def _zip_kind(path: Path, name: str) -> Kind:
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
            mime = _mime(archive) if "mimetype" in members else b""
    # NotImplementedError is zipfile's word for a packing that it does not know.
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise InputError(
            f"`{name}` is a damaged archive or workbook: {error}",
            hint="send or download the file again",
        ) from error
    lowered = {member.lower().replace("\\", "/") for member in members}
    if "xl/workbook.bin" in lowered:
        return Kind("workbook", "xlsb")
    if any(re.fullmatch(r"xl/workbook\d*\.xml", member) for member in lowered):
        return Kind("workbook", "xlsx")
    if b"opendocument.spreadsheet" in mime:
        return Kind("workbook", "ods")
    if "[content_types].xml" in lowered and any(m.startswith("xl/") for m in lowered):
        return Kind("workbook", "xlsx")
    _refuse_document(lowered, mime, name)
    return Kind("packed", "zip")


def _mime(archive: zipfile.ZipFile) -> bytes:
    with archive.open("mimetype") as stream:
        return stream.read(200)


def _refuse_document(members: set[str], mime: bytes, name: str) -> None:
    what = None
    if any(member.startswith("word/") for member in members):
        what = "a Word document"
    elif any(member.startswith("ppt/") for member in members):
        what = "a presentation"
    elif any(m.endswith(".iwa") or m == "index.zip" for m in members):
        what = "an Apple Numbers or Pages document"
    elif b"opendocument" in mime or b"epub" in mime:
        what = "a document, not a spreadsheet"
    if what:
        raise InputError(f"`{name}` is {what}", hint=_EXPORT_HINT)


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise where the first bytes are those of a kind that holds no table.

    Raises:
        InputError: It names the kind and the way round.
    """
    if head[257:262] == b"ustar":
        raise InputError(
            f"`{name}` is a tar archive",
            hint="unpack it and name the CSV file in it",
        )
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise InputError(f"`{name}` is {what}", hint=_EXPORT_HINT)
    plain = _plain(head)
    _refuse_markup(plain.encode("utf-8", "replace"), name)
    for pattern, what in _TEXT_FORMATS:
        if pattern.match(plain):
            raise InputError(f"`{name}` is {what}", hint=_EXPORT_HINT)


def _plain(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[: len(head) // 2 * 2].decode("utf-16", "replace")
    return head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _refuse_markup(head: bytes, name: str) -> None:
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        raise InputError(
            f"`{name}` is an XML spreadsheet of Excel 2003, which is not read",
            hint="open it and save it as xlsx",
        )
    if _MARKUP.match(head) or (_XML.match(head) and b"<html" in head.lower()):
        raise InputError(
            f"`{name}` is a web page (HTML) whatever its name says",
            hint="open it in a spreadsheet and save it as xlsx or CSV",
        )
    if _XML.match(head):
        raise InputError(f"`{name}` is an XML document", hint=_EXPORT_HINT)


def refuse_named(name: str) -> None:
    """Raise where a text's name promises an archive that it is not.

    Raises:
        InputError: The name ends like an archive's.
    """
    ending = Path(name).suffix.lower()
    if ending in _NAMED_PACKED:
        raise InputError(
            f"`{name}` is not {_NAMED_PACKED[ending]} but plain text",
            hint="send the file again, or rename it to end in .csv",
        )
