"""The pipeline that everybody writes first, for comparison: correct, and one row at a time.

Run as `python -m tests.benchmarks.naive FILE`; prints nothing but how many rows it kept.
"""

import sys

import pandas as pd
import pandera.pandas as pa
import phonenumbers
from email_validator import EmailNotValidError, validate_email

CODES = {"Cameroun": "CM", "Côte d'Ivoire": "CI", "Senegal": "SN", "France": "FR"}


def phone(row):
    try:
        number = phonenumbers.parse(row["telephone"], CODES.get(row["pays"], "CM"))
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(value):
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


SCHEMA = pa.DataFrameSchema(
    {
        "phone": pa.Column(str, pa.Check.str_startswith("+"), nullable=True),
        "mail": pa.Column(str, pa.Check.str_contains("@"), nullable=True),
    }
)


def main(path):
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame["phone"] = frame.apply(phone, axis=1)
    frame["mail"] = frame["email"].apply(email)
    kept = frame[frame["phone"].notna() | frame["mail"].notna()]
    SCHEMA.validate(kept[["phone", "mail"]].astype("str"))
    print(len(kept.drop_duplicates(subset=["nom", "phone", "mail"])))


if __name__ == "__main__":
    main(sys.argv[1])
