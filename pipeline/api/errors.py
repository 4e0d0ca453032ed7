"""What can come of a request, branched by what the caller can do.

PipelineError
├── ApiError                  of one request; the run may go on
│   ├── NotFound                 404: no such record
│   ├── RefusedByApi             the API refused what was sent; sending again is useless
│   ├── InDoubt                  a create that may have been stored: look first
│   └── Unavailable              no good answer after all tries; nothing is in doubt
└── CannotStartError          of all requests
    ├── KeyRefusedError          401, 403
    └── ApiUnreachableError      nothing ever worked
        └── UnusableAnswer          something answers that is not the API

No text here holds a key or a person's value: what the server wrote is masked.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.errors import ApiUnreachableError, PipelineError
from pipeline.files.masks import mask_email, mask_phone
from schemas.outcomes import ExitCode

_LONGEST: Final = 300
_QUOTED: Final = 3
"""Letters from which a text of a request is looked for in an answer."""
_EMAIL: Final = re.compile(r"[^\s@\"'<>(),;:]+@[^\s@\"'<>(),;:]+")
_DIGITS: Final = re.compile(r"\+?\d[\d .\-/()]{4,}\d")
_KEY: Final = re.compile(
    r"\b(?:h?[sp]k|s?b)(?:_test|_live)?[._][\w.\-]{4,}", re.IGNORECASE
)


class ApiError(PipelineError):
    """One request did not do what was asked."""

    exit_code = ExitCode.CANNOT_START


class NotFound(ApiError):
    """The API knows no such record."""


class RefusedByApi(ApiError):
    """The API refused the request: `status`, its `message`, `errors` by field."""

    def __init__(
        self,
        status: int,
        message: str = "",
        errors: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.status = status
        self.text = message
        self.errors = errors or {}
        said = [message] if message else []
        said += [f"{name}: {'; '.join(each)}" for name, each in self.errors.items()]
        super().__init__(
            f"the API refused it ({status}): {' - '.join(said) or 'no reason'}"
        )


class InDoubt(ApiError):
    """A create may have been stored: it must be looked up before it is sent again.

    `reason` is one line; `status` that of the answer, if one came.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        self.reason = reason
        self.status = status
        super().__init__(f"the customer may have been created: {reason}")


class Unavailable(ApiError):
    """All tries failed; `status` is that of the last answer, if one came."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        self.reason = reason
        self.status = status
        super().__init__(f"the API gave no good answer: {reason}")


class UnusableAnswer(ApiUnreachableError):
    """Something answered at the address, but not as the API does."""

    def __init__(
        self, message: str, status: int | None = None, *, hint: str | None = None
    ) -> None:
        self.status = status
        super().__init__(message, hint=hint)


def sent_values(body: bytes | None) -> tuple[str, ...]:
    """Return the texts of a request's body, longest first, and the words of the name.

    A server that is set up to debug quotes them in its errors.
    """
    told = json.loads(body) if body else {}
    found = set(str(told.get("name") or "").split())
    waiting: list[Any] = [told]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found.add(str(value))
    return tuple(sorted((v for v in found if len(v) >= _QUOTED), key=len, reverse=True))


def scrub(text: str, key: str = "", sent: Sequence[str] = ()) -> str:
    """Return what a server wrote, on one line, short, without persons or keys.

    `sent` are values of the request, which a server may quote.

    >>> scrub("ada@example.com has +237670000001 already")
    'a…@… has +237…01 already'
    """
    text = " ".join(text[: 4 * _LONGEST].split())
    if key:
        text = text.replace(key, "…")
    text = _KEY.sub("…", text)
    text = _EMAIL.sub(lambda found: mask_email(found[0]), text)
    text = _DIGITS.sub(lambda found: mask_phone(found[0]), text)
    for value in sent:
        text = re.sub(
            rf"(?<!\w){re.escape(value)}(?!\w)", "…", text, flags=re.IGNORECASE
        )
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def said_by(
    body: Any, key: str = "", sent: Sequence[str] = ()
) -> tuple[str, dict[str, list[str]]]:
    """Return message and errors by field of an error answer, scrubbed."""
    if not isinstance(body, Mapping):
        return "", {}
    message = body.get("message")
    errors = body.get("errors")
    return (
        scrub(message, key, sent) if isinstance(message, str) else "",
        {
            scrub(str(name), key): [
                scrub(str(each), key, sent) for each in _listed(texts)
            ]
            for name, texts in errors.items()
        }
        if isinstance(errors, Mapping)
        else {},
    )


def _listed(texts: Any) -> Sequence[Any]:
    return texts[:10] if isinstance(texts, list) else [texts]
