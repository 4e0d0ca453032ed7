"""Errors of the small languages of `--dialect`, `--faults` and `--rate`."""

from collections.abc import Iterator

_TOO_MUCH = 1e9


class SpecError(ValueError):
    """A switch, fault or rate that the sandbox does not understand.

    `hint` says what it would understand.
    """

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def pairs(spec: str, option: str) -> Iterator[tuple[str, str]]:
    """Yield `name, value` of each item of a comma-separated `name=value` list.

    Raises:
        SpecError: An item is not `name=value`.
    """
    for item in filter(None, (part.strip() for part in spec.split(","))):
        name, sign, value = item.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise SpecError(
                f"`{option}`: `{item}` is not NAME=VALUE",
                hint=f"write `{option} NAME=VALUE,NAME=VALUE`",
            )
        yield name.strip(), value.strip()


def number(text: str, option: str, name: str) -> float:
    """Return a finite number of at least 0.

    Raises:
        SpecError: `text` is no such number.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < _TOO_MUCH:
        raise SpecError(
            f"`{option}`: `{name}` needs a number from 0 on, found `{text}`",
            hint="use a point for decimals, as in 0.05",
        )
    return value
