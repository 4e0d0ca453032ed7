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
        if rb"\u" in content.lower():
            # Half of a surrogate pair is JSON, but no text that can be written down.
            text = json.dumps(json.loads(content), ensure_ascii=False)
            body = json.loads(text.encode("utf-8", "replace"), **how)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return body


def has_fractions(content: bytes) -> bool:
    """Say whether a field in `content` holds a number with a fraction."""
    return _FRACTION.search(content) is not None


_FRACTION = re.compile(rb'":\s?-?[0-9]+[.eE]')
