"""Options that many commands share, as dataclasses spread over a command's signature."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints


def spread(command: Callable[..., int]) -> Callable[..., int]:
    """Return `command` with each dataclass parameter replaced by its fields.

    Typer reads the signature, so the fields become options; the dataclasses are put
    together again before `command` is called.
    """
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, Any] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        kind = hints[name]
        if not dataclasses.is_dataclass(kind):
            parameters.append(
                parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY)
            )
            continue
        groups[name] = kind
        parameters += _fields(kind)
    # Arguments first, as Python wants parameters without a default before the others.
    parameters.sort(key=lambda p: p.default is not inspect.Parameter.empty)

    @functools.wraps(command)
    def spread_out(**given: Any) -> int:
        values = {
            name: kind(**{f.name: given.pop(f.name) for f in dataclasses.fields(kind)})
            for name, kind in groups.items()
        }
        return command(**values, **given)

    spread_out.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
    spread_out.__annotations__ = {p.name: p.annotation for p in parameters}
    del spread_out.__wrapped__  # inspect would look through it
    return spread_out


def _fields(kind: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty
            if field.default is dataclasses.MISSING
            else field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(kind)
    ]
