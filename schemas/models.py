"""The pandera models: what a row must be, one named rule a method.

A rule's method name is its name in findings, counts, texts and documents. A value that
the normalisers refuse carries the name of the rule it breaks in a `…_problem` column;
the method of that name fails on it.
"""

from typing import Any

import pandas as pd
import pyarrow as pa

from schemas.lean_pandera import pandera

TEXT = pd.ArrowDtype(pa.string())
FLAG = pd.ArrowDtype(pa.bool_())


def _refuses(column: str, rule: str) -> Any:
    """Return the check that fails where `column` holds the name of `rule`."""

    def check(_: type, problems: "pd.Series[Any]") -> "pd.Series[bool]":
        return problems.ne(rule)

    check.__name__ = rule
    return pandera.check(column, name=rule)(check)


class Row(pandera.DataFrameModel):
    """A row may go on when it has a contact and nothing wrong that cannot be left out.

    `has_contact` is a helper column, since a check over several columns would pass a
    row in which all of them are null.
    """

    has_contact: FLAG  # type: ignore[valid-type]  # exact Arrow types are values
    email_problem: TEXT = pandera.Field(nullable=True)  # type: ignore[valid-type]  # ditto
    phone_problem: TEXT = pandera.Field(nullable=True)  # type: ignore[valid-type]  # ditto

    @pandera.check("has_contact", name="no_contact")
    @classmethod
    def no_contact(cls, has_contact: "pd.Series[Any]") -> "pd.Series[Any]":
        """Fail on rows without e-mail and phone."""
        return has_contact

    email_no_at = _refuses("email_problem", "email_no_at")
    email_no_local = _refuses("email_problem", "email_no_local")
    email_no_domain = _refuses("email_problem", "email_no_domain")
    email_no_tld = _refuses("email_problem", "email_no_tld")
    email_dots = _refuses("email_problem", "email_dots")
    email_bad_domain = _refuses("email_problem", "email_bad_domain")
    email_too_long = _refuses("email_problem", "email_too_long")
    email_special_use = _refuses("email_problem", "email_special_use")
    email_unsafe_characters = _refuses("email_problem", "email_unsafe_characters")
    email_ip_literal = _refuses("email_problem", "email_ip_literal")
    email_quoted_local = _refuses("email_problem", "email_quoted_local")
    email_bad_characters = _refuses("email_problem", "email_bad_characters")
    email_invalid = _refuses("email_problem", "email_invalid")
    email_inner_space = _refuses("email_problem", "email_inner_space")
    email_obfuscated = _refuses("email_problem", "email_obfuscated")
    email_url_encoded = _refuses("email_problem", "email_url_encoded")
    email_comma_for_dot = _refuses("email_problem", "email_comma_for_dot")

    phone_not_a_number = _refuses("phone_problem", "phone_not_a_number")
    phone_too_short = _refuses("phone_problem", "phone_too_short")
    phone_too_long = _refuses("phone_problem", "phone_too_long")
    phone_wrong_length = _refuses("phone_problem", "phone_wrong_length")
    phone_unknown_country_code = _refuses("phone_problem", "phone_unknown_country_code")
    phone_not_valid = _refuses("phone_problem", "phone_not_valid")
    phone_no_region = _refuses("phone_problem", "phone_no_region")
    phone_service_code = _refuses("phone_problem", "phone_service_code")
    sci_truncated = _refuses("phone_problem", "sci_truncated")
    cm_8_to_9 = _refuses("phone_problem", "cm_8_to_9")
    ci_8_to_10 = _refuses("phone_problem", "ci_8_to_10")
    bj_8_to_10 = _refuses("phone_problem", "bj_8_to_10")
    mx_1_dropped = _refuses("phone_problem", "mx_1_dropped")
    leading_zero_lost = _refuses("phone_problem", "leading_zero_lost")
    letter_o = _refuses("phone_problem", "letter_o")
    glued_numbers = _refuses("phone_problem", "glued_numbers")
    lost_plus = _refuses("phone_problem", "lost_plus")
