"""The labelled sets as PREPARED tables with their truth, read where they lie."""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pyarrow as pa

from schemas.tables import PREPARED

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "dedup"


@dataclass(frozen=True)
class Labelled:
    """A set with known duplicates: `truth` gives each row's cluster."""

    name: str
    table: pa.Table
    truth: dict[int, str]

    @property
    def true_pairs(self):
        clusters = defaultdict(list)
        for row, cluster in self.truth.items():
            clusters[cluster].append(row)
        return {pair for rows in clusters.values() for pair in combinations(rows, 2)}

    def equal_key_pairs(self):
        """Pairs that share an e-mail or a phone: what a plain tool would merge."""
        pairs = set()
        for field in ("email", "phone"):
            groups = defaultdict(list)
            for row, value in zip(
                self.table["row"].to_pylist(),
                self.table[field].to_pylist(),
                strict=True,
            ):
                if value:
                    groups[value.lower()].append(row)
            for rows in groups.values():
                pairs |= set(combinations(sorted(rows), 2))
        return pairs


def _labelled(name, records, clusters):
    rows = [
        dict.fromkeys(PREPARED.names)
        | {"row": i, "line": i + 1, "metadata": "{}"}
        | {key: value or None for key, value in record.items()}
        for i, record in enumerate(records, 1)
    ]
    truth = dict(enumerate(clusters, 1))
    return Labelled(name, pa.Table.from_pylist(rows, schema=PREPARED), truth)


def _read(path):
    with (CORPUS / path).open(encoding="utf-8-sig", newline="") as file:
        return [
            {k.strip(): (v or "").strip() for k, v in row.items()}
            for row in csv.DictReader(file)
        ]


def senzing():
    key = {
        r["RECORD_ID"]: r["CLUSTER_ID"]
        for r in _read("senzing/actual_truthset_key.csv")
        if r["DATA_SOURCE"] == "CUSTOMERS"
    }
    records, clusters = [], []
    for r in _read("senzing/customers.csv"):
        parts = (
            r["PRIMARY_NAME_FIRST"],
            r["PRIMARY_NAME_MIDDLE"],
            r["PRIMARY_NAME_LAST"],
        )
        name = r["PRIMARY_NAME_FULL"] or r["PRIMARY_NAME_ORG"] or r["NATIVE_NAME_FULL"]
        email = re.search(r"[\w.+-]+@[\w.-]+", r["EMAIL_ADDRESS"])
        digits = re.sub(r"\D", "", r["PHONE_NUMBER"])
        records.append(
            {
                "name": name or " ".join(p for p in parts if p),
                "email": email[0].lower() if email else None,
                "phone": f"+1{digits}" if len(digits) == 10 else None,
            }
        )
        clusters.append(key[r["RECORD_ID"]])
    return _labelled("senzing", records, clusters)


def uganda():
    records, clusters = [], []
    for r in _read("opencr_uganda.csv"):
        digits = re.sub(r"\D", "", r["phone_number"])
        records.append(
            {
                "name": f"{r['given_name']} {r['surname']}".strip(),
                "phone": f"+256{digits}" if digits else None,
            }
        )
        clusters.append(r["rec_id"].split("-")[1])
    return _labelled("uganda", records, clusters)


def fake_1000():
    rows = _read("fake_1000.csv")
    records = [
        {"name": f"{r['first_name']} {r['surname']}".strip(), "email": r["email"]}
        for r in rows
    ]
    return _labelled("fake_1000", records, [r["cluster"] for r in rows])


def all_sets():
    return [senzing(), uganda(), fake_1000()]
