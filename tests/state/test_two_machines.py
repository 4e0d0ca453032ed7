"""Two processes, two runs folders, one PostgreSQL state: one pace, each person once."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.runs.world import csv_text, people
from tests.servers.odd import OddServer
from tests.state.conftest import new_database

RATE = (40, 2)
"""Requests, seconds: what both may send together."""


def start(folder, name, rows, environment):
    """Import `rows` in a process with a runs folder of its own."""
    file = folder / f"{name}.csv"
    file.write_text(csv_text(rows), encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", "import", str(file), "--json", "--no-progress"],
        env=environment | {"NOTCHPAY_RUNS_DIR": str(folder / name)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process):
    """Return the summary of a run that ended well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.slow
@pytest.mark.postgres
def test_two_files_share_fifty_people(server, tmp_path):
    with OddServer(rate=RATE, rate_headers=False) as api:
        environment = os.environ | {
            "NOTCHPAY_NO_ENV_FILE": "1",
            "NOTCHPAY_API_KEY": "pk_test.two",
            "NOTCHPAY_BASE_URL": api.url,
            "NOTCHPAY_RATE": f"{RATE[0]}/{RATE[1]}",
            "NOTCHPAY_SETTLE_SECONDS": "0",
            "NOTCHPAY_STATE_URL": new_database(server),
            "NOTCHPAY_STATE_KEY_FILE": str(tmp_path / "state.key"),
        }
        runs = [
            start(tmp_path, "north", people(100), environment),
            start(tmp_path, "south", people(100, first=51), environment),
        ]
        told = [ended(run)["rows"] for run in runs]

    for rows in told:
        assert (
            rows["read"] == sum(n for name, n in rows.items() if name != "read") == 100
        )
        assert rows["created"] + rows["unchanged"] == 100
    assert sum(rows["created"] for rows in told) == 150
    emails = Counter(each["email"] for each in api.customers.values())
    assert len(emails) == 150
    assert set(emails.values()) == {1}
    statuses = Counter(seen.status for seen in api.log)
    assert 429 not in statuses, "both kept one pace"
    moments = sorted(seen.at for seen in api.log)
    spans = zip(moments, moments[RATE[0] :], strict=False)
    assert all(late - early > 0.9 * RATE[1] for early, late in spans)
