"""What Airflow is told of the provider; it is read without importing hook or operators."""

from typing import Any

_TEXT = {"type": ["string", "null"]}
_NUMBER = {"type": ["number", "null"]}
_WHOLE = {"type": ["integer", "null"], "minimum": 1}
_SECRET = {"type": ["string", "null"], "format": "password"}

_FIELDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "sync_id": ("Connected account", _TEXT, "Sent as X-Sync."),
    "rate": ("Rate", _TEXT, "Requests / seconds, as 100/60; or off."),
    "rate_share": (
        "Share of the rate",
        {**_NUMBER, "exclusiveMinimum": 0, "maximum": 1},
        "The part of the rate that the pipeline may use.",
    ),
    "region": ("Region", _TEXT, "Country of phones without a country code, as CM."),
    "timezone": ("Time zone", _TEXT, "As Africa/Douala."),
    "concurrency": ("Concurrency", _WHOLE, "Requests on their way at a time."),
    "workers": ("Workers", _WHOLE, "Processes that read a large file."),
    "expect_env": (
        "Expected environment",
        _TEXT,
        "test or live: else nothing is done.",
    ),
    "runs_dir": ("Runs folder", _TEXT, "One that all workers see."),
    "exports_dir": ("Exports folder", _TEXT, "A folder or an fsspec address."),
    "state_url": (
        "State database",
        _SECRET,
        "postgresql+psycopg://… where there is more than one worker.",
    ),
    "state_key_file": (
        "Key of the state database",
        _TEXT,
        "A file, the same on every worker; needed with PostgreSQL.",
    ),
    "config": ("Settings file", _TEXT, "TOML, on the workers."),
}
"""Fields of the form: label, schema and what it is for; each is a key of the extra."""


def get_provider_info() -> dict[str, Any]:
    """Return the description of the provider, valid against Airflow's schema."""
    name = "Notch Pay"
    return {
        "package-name": "notchpay-pipeline",
        "name": name,
        "description": "Customer files into Notch Pay, and back out as Parquet.",
        "integrations": [
            {
                "integration-name": name,
                "external-doc-url": "https://developer.notchpay.co",
                "tags": ["service"],
            }
        ],
        "operators": [
            {
                "integration-name": name,
                "python-modules": ["pipeline.airflow.operators"],
            }
        ],
        "hooks": [
            {"integration-name": name, "python-modules": ["pipeline.airflow.hook"]}
        ],
        "connection-types": [
            {
                "connection-type": "notchpay",
                "hook-class-name": "pipeline.airflow.hook.NotchPayHook",
                "hook-name": name,
                "conn-fields": {
                    field: {"label": label, "description": told, "schema": schema}
                    for field, (label, schema, told) in _FIELDS.items()
                },
                "ui-field-behaviour": {
                    "hidden-fields": ["login", "schema", "port"],
                    "relabeling": {"password": "API key", "host": "Base URL"},
                    "placeholders": {
                        "password": "pk.… (the public key, without Bearer)",
                        "host": "https://api.notchpay.co",
                    },
                },
            }
        ],
    }
