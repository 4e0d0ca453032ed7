"""Show a person's value without giving it away: terminal, logs, pages, errors."""

_SHOWN = 2


def mask_email(value: str) -> str:
    """Return `an…@…` style text that tells two addresses apart but cannot be used."""
    local, at, _ = value.rpartition("@")
    if not at:
        return mask_text(value)
    return f"{local[:1]}…@…"


def mask_phone(value: str) -> str:
    """Return the number with all but its first four and last two characters hidden."""
    kept = 4 if value.startswith("+") else _SHOWN
    if len(value) <= kept + _SHOWN:
        return "…"
    return f"{value[:kept]}…{value[-_SHOWN:]}"


def mask_text(value: str) -> str:
    """Return the first letter and an ellipsis."""
    return f"{value[:1]}…" if value else ""


def mask(field: str, value: str | None) -> str:
    """Return `value` masked as its `field` needs it."""
    if value is None:
        return ""
    if field == "email":
        return mask_email(value)
    if field == "phone":
        return mask_phone(value)
    return mask_text(value)
