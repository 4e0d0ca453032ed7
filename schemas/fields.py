"""Names and limits of the customer's fields, as the contract and the API have them."""

NAME = "name"
FIRST_NAME = "first_name"
LAST_NAME = "last_name"
EMAIL = "email"
PHONE = "phone"
COUNTRY = "country"
EXTERNAL_ID = "external_id"
CONSENT = "consent"
CONSENT_DATE = "consent_date"

MAPPABLE = (
    NAME,
    FIRST_NAME,
    LAST_NAME,
    EMAIL,
    PHONE,
    COUNTRY,
    EXTERNAL_ID,
    CONSENT,
    CONSENT_DATE,
)
"""Values of FIELD in `--map FIELD=COLUMN`, beside `metadata.KEY`."""

API_FIELDS = (NAME, EMAIL, PHONE)
"""Fields that are written to the API under their own name; the rest is metadata."""

METADATA_PREFIX = "metadata."

IMPORT_KEY = "import_key"
"""Default name of the metadata key by which a lost create is found again."""

NAME_MAX = 128
EMAIL_MAX = 240

RETURN_COLUMNS = ("_row", "_line", "_outcome", "_rule", "_reason", "_suggestion")
"""Columns that our own CSV files add; an import ignores them."""
