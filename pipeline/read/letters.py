"""Guess an 8-bit or Asian encoding from which letters its bytes would make.

Statistics over whole languages need pages of text; a customer file has a few accents in
names. So each candidate is judged by how usual its letters are and how they stand.
"""

import re
import unicodedata
from functools import cache

from pipeline.errors import InputError

_LATIN = "éèàêçôîïâùûëœæñóáíúãõüöäßøåìòğışłżąęćńśźčřžšěůýěőűţăşđ"
_RANKS = {
    "latin": _LATIN,
    "greek": "αοιετσνηυρπκμλωςγδχθφβξζψάέίόύήώϊϋ",
    "cyrillic": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґўјљњћђџ",
    "arabic": "الينموردتبعهسفقكحجشطصخذضزثغظأإآةىئؤءچپگژ",
    "hebrew": "יוהלאמרבתנשעםדקחפכטגןצסזךףץ",
}
_LANGUAGES = (
    "éèàêçôîïâùûëœæ",
    "éèàòìù",
    "áéíóúñü",
    "ãõáâàéêíóôúç",
    "äöüß",
    "ąćęłńóśźż",
    "áčďéěíňóřšťúůýžľĺŕ",
    "áéíóöőúüű",
    "âîășțşţ",
    "çğ\u0131iöşüâî",
    "åäöæøé",
    "āčēģīķļņšūž",
    "ąčęėįšųūž",
    "čćđšž",
)
"""Accented letters that stand together in one language."""
_SINGLE = {
    "cp1252": ("latin", 0.08),
    "cp1250": ("latin", 0.0),
    "cp1254": ("latin", 0.01),
    "cp1257": ("latin", -0.05),
    "mac_roman": ("latin", 0.0),
    "cp850": ("latin", 0.0),
    "cp852": ("latin", -0.02),
    "cp1253": ("greek", 0.01),
    "iso8859_7": ("greek", 0.0),
    "cp737": ("greek", 0.0),
    "cp1251": ("cyrillic", 0.01),
    "koi8_r": ("cyrillic", 0.0),
    "cp866": ("cyrillic", 0.0),
    "iso8859_5": ("cyrillic", 0.0),
    "mac_cyrillic": ("cyrillic", -0.02),
    "cp1256": ("arabic", 0.0),
    "iso8859_6": ("arabic", 0.01),
    "cp1255": ("hebrew", 0.0),
    "cp862": ("hebrew", 0.0),
}
"""Candidates with their script and a small head start for what is met more often."""

_PAIRS = {
    "cp932": rb"[\x82\x83][\x40-\xfc]|[\x88-\x97][\x40-\xfc]|\x81[\x40-\xac]",
    "euc_jp": rb"[\xa4\xa5][\xa1-\xf6]|[\xb0-\xcf][\xa1-\xfe]|\xa1[\xa1-\xfe]",
    "cp949": rb"[\xb0-\xc8][\xa1-\xfe]",
    "gb18030": rb"[\xb0-\xd7][\xa1-\xfe]|\xa3[\xa1-\xfe]|\xa1[\xa1-\xfe]",
    "cp950": rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|\xa1[\x40-\x7e\xa1-\xfe]",
}
"""Byte pairs of the usual characters of each Asian encoding."""
_ENOUGH_PAIRS = 4
_MIXED = re.compile(r"[a-z][\u3040-\uffef]|[\u3040-\uffef][a-z]")
_ENOUGH = 1 << 15
"""Bytes that are judged: more would say the same more slowly."""
_KANA = re.compile(rb"[\x82\x83][\x40-\xf1]")
_EUC_KANA = re.compile(rb"[\xa4\xa5][\xa1-\xf6]")


def guess(sample: bytes, name: str) -> tuple[str, float]:
    """Return the likeliest codec of lines with bytes that are no UTF-8, and how sure.

    Raises:
        InputError: No candidate makes text of it.
    """
    sample = sample[:_ENOUGH].rpartition(b"\n")[0] or sample
    scores = {codec: _single_score(sample, codec) for codec in _SINGLE}
    scores |= {codec: _pair_score(sample, codec) for codec in _PAIRS}
    ranked = sorted(scores, key=lambda codec: -scores[codec])
    best = ranked[0]
    if scores[best] < -0.3:  # noqa: PLR2004 - most bytes would be no letters
        raise InputError(
            f"`{name}` looks like no text in any encoding that is known",
            hint="export it as CSV UTF-8, or name the encoding with `--encoding`",
        )
    lead = max(0.0, scores[best] - scores[ranked[1]])
    sure = 0.75 if _is_seconded(sample, best) else 0.5
    return best, round(min(0.95, sure + lead), 2)


def _is_seconded(sample: bytes, codec: str) -> bool:
    """Tell whether charset-normalizer, asked apart, would read the same text."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=[*_SINGLE, *_PAIRS]).best()
    if best is None:
        return False
    return sample.decode(best.encoding, "replace") == sample.decode(codec, "replace")


def _pair_score(sample: bytes, codec: str) -> float:
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return -1.0
    wide = [char for char in text if ord(char) > 0x7F]  # noqa: PLR2004 - beyond ASCII
    if len(wide) < _ENOUGH_PAIRS:
        return -1.0
    usual = len(_usual_pairs(codec).findall(sample))
    share = min(1.0, usual / len(wide))
    odd = sum(_is_odd(char) for char in wide) / len(wide)
    mixed = len(_MIXED.findall(text)) / len(wide)
    return 1.6 * share - 0.6 - odd - mixed + _kana_bonus(sample, codec, len(wide))


def _kana_bonus(sample: bytes, codec: str, wide: int) -> float:
    if codec == "cp949":
        return 0.05
    if codec == "cp932":
        return 0.1 if len(_KANA.findall(sample)) > wide * 0.1 else -0.2
    if codec == "euc_jp":
        return 0.1 if len(_EUC_KANA.findall(sample)) > wide * 0.2 else -0.2
    return 0.0


@cache
def _usual_pairs(codec: str) -> re.Pattern[bytes]:
    return re.compile(_PAIRS[codec])


def _single_score(sample: bytes, codec: str) -> float:
    script, start = _SINGLE[codec]
    text = sample.decode(codec, "replace")
    total = count = 0.0
    padded = f" {text} "
    for place, char in enumerate(padded):
        if char.isascii():
            continue
        count += 1
        before, after = padded[place - 1], padded[place + 1]
        total += _worth(char, before, after, _ranks(script), script)
    if not count:
        return -1.0
    return total / count + start - (_foreign(text) if script == "latin" else 0.0)


def _foreign(text: str) -> float:
    """Return a penalty by the share of letters that no one language has together."""
    letters = [c for c in text.lower() if not c.isascii() and c.isalpha()]
    if not letters:
        return 0.0
    best = max(sum(c in known for c in letters) for known in _LANGUAGES)
    return 0.6 * (1 - best / len(letters))


def _worth(
    char: str, before: str, after: str, ranks: dict[str, float], script: str
) -> float:
    """Return how usual `char` is between its neighbours, from -1 to 1."""
    if _is_odd(char):
        return -1.0
    if not char.isalpha():
        return _symbol_worth(char, before, after)
    worth = ranks.get(char.lower(), 0.0)
    if char.isupper() and (before.islower() or (before.isalpha() and after.islower())):
        worth -= 1.0
    if char.isupper() and script != "latin":
        worth -= 0.1
    if char.islower() and before.isupper() and after.isupper():
        worth -= 0.8
    return worth - _misplaced(before, after, script)


def _symbol_worth(char: str, before: str, after: str) -> float:
    if char in _PUNCTUATION:
        return 0.4
    if before.isalpha() and after.isalpha():
        return -0.6
    if before.isalpha() or after.isalpha():
        return -0.3
    return 0.4 if char in _SIGNS else -0.1


def _misplaced(before: str, after: str, script: str) -> float:
    """Return the penalty of a letter beside letters it does not go with.

    Accents stand between plain Latin letters; other scripts write whole words.
    """
    if script == "latin":
        alone = not (before.isalpha() or after.isalpha())
        beside = _is_other_letter(before) + _is_other_letter(after)
        return 0.3 * alone + 0.5 * beside
    if _is_ascii_letter(before) or _is_ascii_letter(after):
        return 0.9
    return 0.0 if _is_other_letter(before) or _is_other_letter(after) else 0.8


_PUNCTUATION = frozenset("\u2019\u2018“”«»\u2013—…·°\u00a0ªº¿¡،؛؟")
_SIGNS = frozenset("€©®™•£§²³½№\u0384")


def _is_odd(char: str) -> bool:
    return (
        "\u2500" <= char <= "\u25ff"
        or char == "\ufffd"
        or (unicodedata.category(char) in {"Cc", "Co", "Cn", "Cs"})
    )


def _is_other_letter(char: str) -> bool:
    return not char.isascii() and char.isalpha()


def _is_ascii_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


@cache
def _ranks(script: str) -> dict[str, float]:
    letters = _RANKS[script]
    # Names of all countries meet in one file: Latin letters differ less in worth.
    fall = 0.4 if script == "latin" else 0.8
    return {c: 1.0 - fall * i / len(letters) for i, c in enumerate(letters)}
