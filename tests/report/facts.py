"""A run's summary made by hand, for pages that need no run."""

from pipeline.report.folder import PageFacts, Point

ROWS = {
    "read": 1319,
    "created": 1200,
    "updated": 14,
    "unchanged": 11,
    "merged": 6,
    "rejected": 60,
    "review": 22,
    "failed": 4,
    "not_attempted": 2,
}


def summary(**changes):
    """Return the summary of a finished import."""
    return {
        "run_id": "20261122T220000Z-abcdef",
        "command": "import",
        "source": "customers.csv",
        "file": "inbox/customers.csv",
        "file_sha256": "ab" * 32,
        "account": "acc_1",
        "env": "test",
        "actor": "clerk7",
        "state": "finished",
        "rows": ROWS,
        "findings": {"phone_too_short": 40, "email_no_at": 21, "invisible_marks": 5},
        "guards": [guard("max_reject_rate", 0.0455, 0.25)],
        "api": {
            "requests": 1290,
            "by_operation": {"list": 14, "create": 1200, "update": 16, "other": 60},
            "throttled": 3,
            "retries": 2,
            "seconds_waited": 61.5,
        },
        "timings": {"read": 1.25, "apply": 410.75, "write": 0.5},
        "rows_per_second": 3.2,
        "peak_rss_mb": 181.5,
        "plan_digest": "cd" * 32,
        "versions": {"notchpay-pipeline": "0.1.0", "phonenumbers": "9.0.43"},
        "exit_code": 3,
        "reading": {
            "kind": "csv",
            "encoding": "utf-8",
            "delimiter": ";",
            "sheet": None,
            "columns": [
                {"column": "Nom", "role": "name"},
                {"column": "Tel", "role": "phone"},
                {"column": "Ville", "role": "metadata.Ville"},
            ],
            "withheld": [],
        },
        "reasons": {
            "rejected": {"phone_too_short": 39, "email_no_at": 21},
            "review": {"R4": 22},
            "failed": {"api_refused": 4},
        },
        "quality": {
            "name": {"filled": 1300, "usable": 1250},
            "phone": {"filled": 1200, "usable": 1100},
        },
        "files": {"rejected.xlsx": {"rows": 60, "of": 60}},
        "plan": {
            "creates": 1200,
            "updates": 16,
            "requests": 1232,
            "would_end_at": "2026-11-22T23:10+01:00",
        },
    } | changes


def guard(name, value, limit, *, refused=False, passed_by=None):
    """Return a guard as the summary has it."""
    return {
        "name": name,
        "value": value,
        "limit": limit,
        "refused": refused,
        "passed_by": passed_by,
    }


def earlier(read, rejected, day):
    """Return the summary of an earlier file of the source."""
    return summary(
        run_id=f"202611{day:02d}T080000Z-000000",
        file_sha256=f"{day:064d}",
        rows=ROWS | {"read": read, "rejected": rejected},
    )


def facts(told=None, **changes):
    """Return what a page is made of."""
    told = told or summary()
    return PageFacts(
        **{
            "summary": told,
            "files": ("rejected.xlsx", "rejected.csv", "review.csv", "failed.csv"),
            "examples": {"phone_too_short": (("•• ••", 4),)},
            "errors": {"phone_too_short": (("•• ••", 4),)},
            "timeline": (
                Point(0, 14, 0),
                Point(200, 600, 20.5),
                Point(412, 1290, 61.5),
            ),
            "earlier": (earlier(1300, 50, 1), earlier(1310, 61, 8), told),
            "started": "2026-11-22T22:00:00.000+00:00",
            "ended": "2026-11-22T22:06:52.000+00:00",
        }
        | changes
    )
