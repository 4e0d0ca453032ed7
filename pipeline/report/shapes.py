"""Examples for pages that everybody may see: the shape of a value, never the value."""

import unicodedata

_DIGIT, _LETTER = "•", "x"
_LONGEST = 40
_PLAIN_MARKS = frozenset("+-_.,;:/\\()[]<>@#*'\"=&%!?| ")


def shape(value: str) -> str:
    """Return `value` with every letter as `x` and every digit as `•`.

    Marks stay, since they are what is wrong with a value; whoever sees the shape of an
    address or a number cannot tell whose it is. What is no mark of a keyboard is a box.

    >>> shape("Awa.Ndo@mail,com"), shape("+237 6 70"), shape("N/A")
    ('xxx.xxx@xxxx,xxx', '+••• • ••', 'x/x')
    """
    shown = "".join(map(_mark, value[: _LONGEST + 1]))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _mark(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind[0] == "N":
        return _DIGIT
    if kind[0] in "LM":
        return _LETTER
    if letter in _PLAIN_MARKS:
        return letter
    return " " if kind[0] == "Z" else "▯"


def digits_in(value: str) -> int:
    """Return how many digits `value` has, for a line that is read aloud."""
    return sum(unicodedata.category(letter)[0] == "N" for letter in value)
