"""Kinds are told by content: packings are opened, everything foreign is named."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest
import zstandard

from pipeline.errors import InputError, UsageError
from pipeline.read import packed

CSV = b"name,email\nAna,ana@example.com\n"


def zipped(**members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return data.getvalue()


def tarred():
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return data.getvalue()


PACKED = {
    "gzip": gzip.compress(CSV),
    "two gzip members": gzip.compress(CSV[:11]) + gzip.compress(CSV[11:]),
    "bz2": bz2.compress(CSV),
    "xz": lzma.compress(CSV),
    "zst": zstandard.compress(CSV),
    "two zst frames": zstandard.compress(CSV[:11]) + zstandard.compress(CSV[11:]),
    "zip": zipped(**{"a.csv": CSV}),
    "zip of any name": zipped(table=CSV),
    "zip with a readme": zipped(**{"a.csv": CSV, "readme.md": b"x"}),
    "zip of a Mac": zipped(**{"d__a.csv": CSV, "__MACOSX__._a.csv": b"x", "d__": b""}),
}


@pytest.mark.parametrize("data", PACKED.values(), ids=PACKED.keys())
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.xlsx"])
def test_a_packing_is_opened_whatever_the_name(read, data, name):
    found = read(data, name)
    assert found.rows == [["Ana", "ana@example.com"]]


def test_the_member_of_a_zip_gives_the_name(read):
    assert read(zipped(d__customers=CSV), "x.zip").layout.name == "customers"
    assert read(gzip.compress(CSV), "a.csv.gz").layout.name == "a.csv"


LARGE = b"name,email\n" + b"".join(b"Ana%d,x\n" % i for i in range(50_000))
REFUSED = {
    "two tables": (
        zipped(**{"a.csv": CSV, "b.csv": CSV}),
        "holds 2 files: `a.csv`, `b.csv`",
    ),
    "nothing": (zipped(), "holds 0 files"),
    "no table": (zipped(**{"a.md": b"x", "b.md": b"y"}), "holds 2 files"),
    "cut zip": (zipped(**{"a.csv": CSV})[:-30], "damaged archive or workbook"),
    "cut gzip": (gzip.compress(LARGE)[:-900], "cannot be unpacked"),
    "cut bz2": (bz2.compress(LARGE)[:-90], "cannot be unpacked"),
    "cut xz": (lzma.compress(LARGE)[:-90], "cannot be unpacked"),
    "cut zst": (zstandard.compress(LARGE)[:-90], "cannot be unpacked"),
    "tar": (tarred(), "is a tar archive"),
    "tar.gz": (gzip.compress(tarred()), "is a tar archive"),
    "zip in zip": (zipped(**{"a.zip": zipped(a=CSV)}), "workbook or another archive"),
    "empty gzip": (gzip.compress(b""), "is empty"),
    "html": (b"<!DOCTYPE html><html><table></table>", "web page"),
    "html fragment": (b"\n <table><tr><td>a</td></tr></table>", "web page"),
    "xhtml": (b'<?xml version="1.0"?>\n<html xmlns="x">', "web page"),
    "html in utf-16": ("<html><body>".encode("utf-16"), "web page"),
    "excel 2003 xml": (
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        "Excel 2003",
    ),
    "xml": (b'<?xml version="1.0"?><rows/>', "XML document"),
    "pdf": (b"%PDF-1.7\n", "PDF"),
    "rtf": (b"{\\rtf1 x}", "RTF"),
    "parquet": (b"PAR1\0\0", "Parquet"),
    "sqlite": (b"SQLite format 3\0", "SQLite"),
    "png": (b"\x89PNG\r\n\x1a\n", "image"),
    "7z": (b"7z\xbc\xaf\x27\x1c", "7z"),
    "json": (b'[\n {"name": "Ana"}]', "JSON"),
    "json object": (b'{"data": []}', "JSON"),
    "vcard": (b"BEGIN:VCARD\r\nVERSION:3.0", "vCard"),
    "ldif": (b"version: 1\ndn: cn=Ana\n", "LDIF"),
    "key": (b"-----BEGIN CERTIFICATE-----", "key or certificate"),
    "word": (zipped(**{"word__document.xml": b"x"}), "Word document"),
    "slides": (zipped(**{"ppt__presentation.xml": b"x"}), "presentation"),
    "numbers": (zipped(**{"Index__Document.iwa": b"x"}), "Apple Numbers"),
    "odt": (
        zipped(mimetype=b"application/vnd.oasis.opendocument.text", a=b"x"),
        "a document, not a spreadsheet",
    ),
    "excel 5": (b"\x09\x08\x08\x00\x00\x05\x05\x00" + b"\0" * 60, "Excel 5 or older"),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_named(read, data, words):
    with pytest.raises(InputError, match=words) as caught:
        read(data, "x.csv")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.zip", "not a zip archive but plain text"),
        ("x.GZ", "not a gzip file"),
        ("x.pdf", "not a PDF"),
    ],
)
def test_a_name_that_promises_another_kind_is_doubted(read, name, words):
    with pytest.raises(InputError, match=words):
        read(CSV, name)


@pytest.mark.parametrize("name", ["x.xls", "x.xlsx", "x.txt", "x.bad", "x"])
def test_text_is_read_under_any_other_name(read, name):
    assert read(CSV, name).layout.kind == "csv"


def test_a_zip_with_a_password_is_said(read):
    data = bytearray(zipped(**{"a.csv": CSV}))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        place = data.index(mark) + (6 if mark == b"PK\x03\x04" else 8)
        data[place] |= 1
    with pytest.raises(InputError, match="has a password"):
        read(bytes(data))


class Endless:
    """A stream of zeros that never ends."""

    def read(self, size=-1, /):
        return bytes(size)

    def close(self):
        pass


def test_a_decompression_bomb_is_stopped():
    stream = packed.Bounded(Endless(), "x.gz", 1000)
    for _ in range(packed.BOMB_BYTES >> 25):
        assert stream.read(1 << 25)
    with pytest.raises(InputError, match="250 times its size"):
        stream.read(1 << 25)


def test_a_sheet_is_asked_of_a_workbook_only(read):
    with pytest.raises(UsageError, match="is no workbook"):
        read(CSV, sheet="Clients")
