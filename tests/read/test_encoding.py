"""Encodings are found by evidence: what a text is written in is what it is read in."""

import io

import pytest

from pipeline.errors import InputError
from pipeline.read.encoding import detect, given

NAMES = {
    "french": "Éloïse Müller,Hélène Façade,Noël Ça,Gérard Dépôt,NOËL ÉLÉONORE",
    "portuguese": "João Conceição,São Paulo,Avó,Luís,Mônica",
    "spanish": "Muñoz,García,Peña,López,Íñigo",
    "german": "Jürgen Müller,Größe,Straße,Österreich,Käthe",
    "polish": "Łukasz Wójcik,Żółć,Małgorzata Śliwińska,Paweł",
    "turkish": "İbrahim Yıldız,Şahin,Çağlar,Ayşe Güneş,Doğan",
    "russian": "Иван Петров,Сергей Кузнецов,Мария",
    "greek": "Λεωνίδας,Αλέξανδρος,Μύρων",
    "arabic": "محمد علي,فاطمة الزهراء,أحمد",
    "hebrew": "יוסי כהן,דוד לוי,שרה אברהם,רחל מזרחי,תל אביב",
    "simplified": "王伟,李娜,张敏,刘洋,上海市",
    "traditional": "陳美玲,林志豪,黃雅婷,台北市",
    "japanese": "田中太郎,鈴木花子,東京都,サトウ,ひらがな",
    "korean": "김철수,이영희,박지성,서울",
    "signs": "price €,10 °C,© 2024",
    "one accent": "name,café,tea",
}
WRITTEN = [
    *((name, "cp1252") for name in ("french", "portuguese", "spanish", "german")),
    *((name, "cp850") for name in ("french", "portuguese", "german")),
    *((name, "mac_roman") for name in ("french", "portuguese", "german", "spanish")),
    ("signs", "cp1252"),
    ("one accent", "cp1252"),
    ("one accent", "mac_roman"),
    ("polish", "cp1250"),
    ("polish", "cp852"),
    ("turkish", "cp1254"),
    *(("russian", e) for e in ("cp1251", "koi8_r", "cp866", "iso8859_5")),
    ("greek", "cp1253"),
    ("greek", "iso8859_7"),
    ("arabic", "cp1256"),
    ("arabic", "iso8859_6"),
    ("hebrew", "cp1255"),
    ("simplified", "gb18030"),
    ("traditional", "big5"),
    ("japanese", "shift_jis"),
    ("japanese", "euc_jp"),
    ("korean", "euc_kr"),
]


NOISE = bytes.fromhex(
    "b45a8b61da61b25ab45ada5af05aa961b55a8061bf61fb61ae5aa65ab861c65a985a9961b65af65a"
)
"""Letters between signs in every encoding that is known."""


def found_in(data):
    return detect(io.BytesIO(data), "names.csv")


@pytest.mark.parametrize(("language", "encoding"), WRITTEN)
def test_names_read_as_they_were_written(language, encoding):
    text = "id,name\n" + NAMES[language].replace(",", "\n")
    found = found_in(text.encode(encoding))
    assert found.evidence == "statistical"
    assert 0 < found.confidence < 1
    assert text.encode(encoding).decode(found.name) == text


@pytest.mark.parametrize("language", NAMES)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
)
def test_unicode_needs_no_statistics(language, encoding):
    text = "number,name\n" + NAMES[language].replace(",", "\n1234567,")
    found = found_in(text.encode(encoding))
    assert (found.name, found.bom) == (encoding, 0)
    assert found.evidence == ("utf8_valid" if encoding == "utf-8" else "null_pattern")


@pytest.mark.parametrize(
    ("encoding", "name", "bom"),
    [
        ("utf-8-sig", "utf-8", 3),
        ("utf-16", "utf-16-le", 2),
        ("utf-32", "utf-32-le", 4),
    ],
)
def test_a_mark_decides(encoding, name, bom):
    found = found_in("a,b\n".encode(encoding))
    assert (found.name, found.evidence, found.bom) == (name, "bom", bom)


def test_ascii_is_utf8():
    assert found_in(b"a,b\n").evidence == "ascii"


def test_one_stray_byte_late_in_a_large_file_is_seen():
    data = b"name\n" + b"plain\n" * 400_000 + b"caf\xe9\n"
    assert found_in(data).name == "cp1252"


def test_a_letter_across_two_blocks_stays_whole():
    data = b"x" * ((1 << 20) - 1) + "é\n".encode()
    assert found_in(data).evidence == "utf8_valid"


def test_half_a_letter_at_the_very_end_is_counted():
    assert found_in("é".encode() * 50 + b"\xc3").evidence == "utf8_mostly"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xfe\xff" + "a,b\n1,2\n3,4\n".encode("utf-32-le"), "is not UTF-16"),
        (bytes(range(1, 256)) * 20, "is no text and no workbook"),
        (NOISE, "looks like no text"),
    ],
)
def test_what_is_no_text_is_said(data, words):
    with pytest.raises(InputError, match=words):
        found_in(data)


class Drops(io.BytesIO):
    """A stream that gives a few bytes at a time, as packings do."""

    def read(self, size=-1):
        return super().read(min(size, 5))


def test_a_stream_in_drops_is_judged_as_a_whole():
    assert detect(Drops("a,b\n1,2\n3,4\n".encode("utf-16-be")), "x").name == "utf-16-be"


@pytest.mark.parametrize(
    ("name", "head", "codec", "bom"),
    [
        ("latin1", b"a,b", "iso8859-1", 0),
        ("UTF-8", b"\xef\xbb\xbfa", "utf-8", 3),
        ("utf-8-sig", b"a", "utf-8", 0),
        ("utf-16", b"\xff\xfea\0", "utf-16-le", 2),
        ("utf-16", b"\xfe\xff\0a", "utf-16-be", 2),
        ("utf-16", b"a\0", "utf-16-le", 0),
        ("utf-32", b"a\0\0\0", "utf-32-le", 0),
    ],
)
def test_a_given_encoding_is_taken_with_its_mark(name, head, codec, bom):
    found = given(name, head)
    assert (found.name, found.bom, found.evidence) == (codec, bom, "given")


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "a\0b", ""])
def test_an_unknown_encoding_is_said(name):
    with pytest.raises(InputError, match="no encoding that is known"):
        given(name, b"")
