"""By what a person is recognised in any text: e-mail, phone in any spelling, name."""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

import phonenumbers

from pipeline.dedupe.names import name_key
from pipeline.privacy.person import Person

ERASED = "[erased]"
"""What stands where a text spoke of the person."""

_NEVER = r"[^\s\S]"
_GAP = r"[^0-9A-Za-z\n]{0,3}"
_LIKE = {"0": "Oo", "1": "Il|"}
_ALPHABETS = (0x0660, 0x06F0, 0xFF10)
_SURELY = 8
"""Digits from which a national number is nobody else's by chance."""
_ADDRESS = re.compile(r"[^\s@<>,;:\"'()]+@[^\s@<>,;:\"'()]+\.\w{2,}")
_NUMBER = re.compile(r"\d(?:[^0-9A-Za-z\n]{0,3}\d){6,}")
_ACCENTS = {
    "a": "àáâãäåā", "c": "çćč", "e": "èéêëēę", "i": "ìíîïī", "n": "ñń", "o": "òóôõöōø",
    "s": "śš", "u": "ùúûüū", "y": "ýÿ", "z": "źżž",
}  # fmt: skip
_NEAR = 0.85
"""How alike a mistyped contact is to the one that was meant."""


class Marks:
    """Recognises one person in text.

    `ids` are customer ids; `loose` is a pattern for Arrow and RE2 that finds every
    candidate, in any case of letters; `contact_in` decides.
    """

    def __init__(self, person: Person) -> None:
        self.person = person
        self.ids = person.ids
        self._emails = _emails(person.emails)
        self._phones = tuple(filter(None, map(_phone, sorted(person.phones))))
        emails = [re.escape(e) for e in sorted(self._emails)]
        patterns = [*emails, *(pattern for pattern, _, _ in self._phones)]
        self.loose = f"(?:{'|'.join(patterns)})" if patterns else _NEVER
        self._email = re.compile(
            rf"(?<![\w.+%'-])(?:{'|'.join(emails) or _NEVER})(?![\w-])(?!\.\w)",
            re.IGNORECASE,
        )
        self._numbers = [
            (re.compile(pattern + r"(?!\d)"), code, e164)
            for pattern, code, e164 in self._phones
        ]
        whole = [n for n in person.names if len(name_key(n).split()) > 1]
        self._name_keys = frozenset(map(name_key, whole))
        self._words = [frozenset(name_key(n).split()) for n in whole]
        self.name_hint = _hint(self._words)
        self._hint = re.compile(self.name_hint, re.IGNORECASE)
        self._name = re.compile(
            rf"(?<!\w)(?:{'|'.join(map(_name, sorted(whole))) or _NEVER})(?!\w)",
            re.IGNORECASE,
        )

    def contact_in(self, text: str) -> bool:
        """Tell whether a text holds an e-mail or phone of the person."""
        return next(self._contacts(text), None) is not None

    def is_name(self, text: str) -> bool:
        """Tell whether a text is the person's whole name, in any order and spelling."""
        return bool(self._name_keys) and name_key(text) in self._name_keys

    def is_theirs(self, cells: Iterable[str | None]) -> bool:
        """Tell whether a record, given as its cells, is this person's.

        It holds a contact of theirs (and part of their name, where the contact is
        shared), or their whole name and no contact but such as are nearly theirs.
        """
        filled = [cell for cell in cells if cell]
        text = " \n ".join(filled)
        found = {contact for _, _, contact in self._contacts(text)}
        if found:
            if found - self.person.shared:
                return True
            words = {word for cell in filled for word in name_key(cell).split()}
            return any(words & own for own in self._words)
        if not self._hint.search(text) or self._has_foreign_contact(text):
            return False
        words = {word for cell in filled for word in name_key(cell).split()}
        return any(own <= words for own in self._words)

    def may_be_in(self, text: str) -> bool:
        """Tell quickly whether a text is worth a closer look."""
        return self._hint.search(text) is not None or self.contact_in(text)

    def _has_foreign_contact(self, text: str) -> bool:
        """Tell whether a text holds a contact that is not even nearly the person's."""
        for hit in _ADDRESS.finditer(text):
            if not any(_near(hit[0].lower(), own) for own in self.person.emails):
                return True
        digits = [e164.lstrip("+") for e164 in self.person.phones]
        return any(
            not any(
                _near(number, own) or _near(number, own[-len(number) :])
                for own in digits
            )
            for number in map(_only_digits, _NUMBER.findall(text))
        )

    def in_text(self, text: str) -> bool:
        """Tell whether a text holds a contact or the whole name of the person."""
        return self.contact_in(text) or self._name.search(text) is not None

    def redact(self, text: str) -> str:
        """Return the text with contacts and whole names of the person taken out."""
        for start, end, _ in sorted(self._contacts(text), reverse=True):
            text = text[:start] + ERASED + text[end:]
        return self._name.sub(ERASED, text)

    def _contacts(self, text: str) -> Iterator[tuple[int, int, str]]:
        for hit in self._email.finditer(text):
            yield hit.start(), hit.end(), self._emails.get(hit[0].lower(), hit[0])
        for pattern, code, e164 in self._numbers:
            for hit in pattern.finditer(text):
                start = _beginning(text, hit.start(), code, len(e164))
                if start is not None:
                    yield start, hit.end(), e164


def _emails(emails: Iterable[str]) -> dict[str, str]:
    """Return every written form of the addresses, with the address it stands for."""
    forms: dict[str, str] = {}
    for email in emails:
        forms[email] = email
        local, _, domain = email.rpartition("@")
        if not domain.isascii():
            try:
                forms[f"{local}@{domain.encode('idna').decode()}"] = email
            except UnicodeError:
                continue  # a domain that has no ASCII form has only the one it has
    return forms


def _phone(e164: str) -> tuple[str, str, str] | None:
    """Return (pattern of the national number, calling code, number)."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        national, code = e164.lstrip("+"), ""
    else:
        national = phonenumbers.national_significant_number(number)
        code = str(number.country_code)
    if not national:
        return None
    return _GAP.join(map(_digit, national)), code, e164


def _digit(digit: str) -> str:
    others = "".join(chr(zero + int(digit)) for zero in _ALPHABETS)
    return f"[{digit}{_LIKE.get(digit, '')}{others}]"


def _name(name: str) -> str:
    return r"\s+".join(map(re.escape, name.split()))


def _beginning(text: str, at: int, code: str, length: int) -> int | None:
    """Return where the written number begins, or None where it is another number.

    Before the national number may stand zeros and the country code, nothing else.
    """
    start = at
    while start and (text[start - 1].isdigit() or text[start - 1] in "+("):
        start -= 1
    before = "".join(c for c in text[start:at] if c.isdigit()).lstrip("0")
    if before in ("", code, f"{code}0"):
        return start
    return at if length - 1 - len(code) >= _SURELY and before.endswith(code) else None


def _hint(names: Iterable[frozenset[str]]) -> str:
    """Return a pattern that finds the longest word of each name, with any accents."""
    words = sorted({max(name, key=len) for name in names if name})
    spelled = ("['\u2019-]?".join(map(_letter, word)) for word in words)
    return f"(?:{'|'.join(spelled)})" if words else _NEVER


def _letter(letter: str) -> str:
    more = _ACCENTS.get(letter, "")
    if more:
        return f"[{letter}{more}{more.upper()}]"
    return letter if letter.isascii() and letter.isalpha() else "."


def _near(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other).ratio() >= _NEAR


def _only_digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())
