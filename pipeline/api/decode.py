"""The JSON of an answer: quickly, and exactly where quickly would round.

orjson reads what nearly every answer holds. The standard library reads what it refuses
(half a surrogate pair, `NaN`, other encodings) and numbers that a float cannot tell.
"""

import json
import re
from decimal import Decimal
from typing import Any

import orjson

from schemas.api import JSON


def decode(content: bytes) -> JSON:
    """Return the JSON in `content`, None where it is empty.

    Raises:
        ValueError: it is not JSON.
    """
    if not content.strip():
        return None
    try:
        return orjson.loads(content)
    except ValueError:
        return _patiently(content)


def decode_exactly(content: bytes) -> JSON:
    """Return the JSON in `content` with every fraction as an exact decimal.

    Raises:
        ValueError: it is not JSON.
    """
    return _patiently(content, parse_float=Decimal)


def _patiently(content: bytes, **how: Any) -> JSON:
    try:
        body = json.loads(content, **how)
        return _writable(body) if rb"\u" in content.lower() else body
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _writable(value: JSON) -> JSON:
    """Return `value` with `?` for each half of a surrogate pair.

    Such a half is JSON, but no text that can be written down.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_writable(name): _writable(each) for name, each in value.items()}
    return [_writable(each) for each in value] if isinstance(value, list) else value


def has_fractions(content: bytes) -> bool:
    """Say whether a field in `content` holds a number with a fraction."""
    return _FRACTION.search(content) is not None


_FRACTION = re.compile(rb'":\s?-?[0-9]+[.eE]')
