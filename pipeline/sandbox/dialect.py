"""The ways in which documents and live answers of the API disagree, as switches.

The default is what was reported from the live API, where it was reported.
"""

from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args, get_type_hints

from pipeline.sandbox.specs import SpecError, number, pairs

OPTION = "--dialect"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to speak the API; every switch has a name and a closed list of values.

    Attributes:
        update: Methods that update a customer; the others answer 405 with `Allow`.
        success: Codes of get, update, delete, block: `mix` 200 200 202 202 (live),
            `ok` always 200, `oas` always 202. A create is always 201.
        code: `code` in bodies, as integer or as text.
        error_message: Whether error bodies carry `message`.
        object_key: Where a single customer stands in an answer.
        payments_key: Where the payments of a customer stand.
        fields: Fields of a customer: `live`, `docs` (the customers page), `oas`
            (with address and blocked, without metadata).
        list_metadata: `no`: list rows hold id, name, email, phone, created_at only.
        phone: How a stored phone is written in answers.
        email: `lower`: stored in lower case, whatever was sent.
        empty_metadata: How metadata without a key is written.
        ids: `dotted` cus.test_..., `underscore` cus_... (as they are made).
        timestamps: Fraction digits: none, 3 or 6.
        duplicates: A second customer with the same e-mail or phone.
        bad_phone: A phone that is not E.164 with plus.
        lengths: A name or e-mail longer than the API's old documents allow.
        rate_headers: X-RateLimit-* on every answer, or on 429 only.
        retry_after: Retry-After on 429, in seconds, as a date, or not at all.
        delete_body: `customer`: with `"customer": []`.
        payments: Whether `GET /payments` exists.
        root: Whether `GET /` exists.
        block: The method of block and unblock, or none.
        search: Substring or whole value; both ignore case.
        search_phone: Written form of the phone that a search sees: as answers show
            it (`stored`), `plus`, `digits`, `local` (last nine digits), or `any`.
        search_lag: Seconds until a change can be found by search.
        order: Lists from the newest or from the oldest row.
        limit_over: A limit above 100 is taken as 100, or refused.
        page_zero: `page=0` is refused, or answers no rows.
        dates: `iso`: date filters of payments take date-times only, else 422.
        payment_rows: Shape of a payment, by the year it was seen, or the docs' own.
    """

    update: Literal["both", "post", "put"] = "both"
    success: Literal["mix", "ok", "oas"] = "mix"
    code: Literal["int", "text"] = "int"
    error_message: Literal["yes", "no"] = "yes"
    object_key: Literal["customer", "data", "object", "root"] = "customer"
    payments_key: Literal["payments", "items"] = "payments"
    fields: Literal["live", "docs", "oas"] = "live"
    list_metadata: Literal["yes", "no"] = "yes"
    phone: Literal["plus", "digits", "integer"] = "plus"
    email: Literal["asis", "lower"] = "asis"
    empty_metadata: Literal["object", "array", "null"] = "object"
    ids: Literal["dotted", "underscore"] = "dotted"
    timestamps: Literal["microseconds", "milliseconds", "seconds"] = "microseconds"
    duplicates: Literal["allow", "409", "422"] = "allow"
    bad_phone: Literal["accept", "422", "500"] = "accept"
    lengths: Literal["accept", "422"] = "accept"
    rate_headers: Literal["always", "throttled"] = "always"
    retry_after: Literal["seconds", "date", "off"] = "seconds"
    delete_body: Literal["customer", "none"] = "customer"
    payments: Literal["present", "absent"] = "present"
    root: Literal["present", "absent"] = "present"
    block: Literal["post", "patch", "put", "absent"] = "post"
    search: Literal["partial", "exact"] = "partial"
    search_phone: Literal["stored", "plus", "digits", "local", "any"] = "stored"
    search_lag: float = 0.0
    order: Literal["newest", "oldest"] = "newest"
    limit_over: Literal["cap", "422"] = "cap"
    page_zero: Literal["422", "empty"] = "422"
    dates: Literal["plain", "iso"] = "plain"
    payment_rows: Literal["2026", "2024", "docs"] = "2026"

    @classmethod
    def parse(cls, spec: str) -> Self:
        """Return the dialect that `spec` names, as in `update=put,code=text`.

        Raises:
            SpecError: A switch or value that does not exist, with those that do.
        """
        known = choices()
        values: dict[str, Any] = {}
        for name, value in pairs(spec, OPTION):
            if name not in known:
                raise SpecError(
                    f"`{OPTION}`: there is no switch `{name}`",
                    hint=f"the switches are {', '.join(known)}",
                )
            values[name] = _value(name, value, known[name])
        return cls(**values)


def choices() -> dict[str, tuple[str, ...]]:
    """Return the values of every switch, the default first; empty: a number."""
    hints = get_type_hints(Dialect)
    return {field.name: get_args(hints[field.name]) for field in fields(Dialect)}


def _value(name: str, value: str, allowed: tuple[str, ...]) -> str | float:
    if not allowed:
        return number(value, OPTION, name)
    if value not in allowed:
        raise SpecError(
            f"`{OPTION}`: `{name}` cannot be `{value}`",
            hint=f"`{name}` is one of {', '.join(allowed)}",
        )
    return value
