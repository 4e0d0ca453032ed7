"""Who is who: names, keys, rules, clusters and the golden record (DuckDB SQL)."""

from pipeline.dedupe.inside import deduplicate
from pipeline.dedupe.keys import contact_key, record_key
from pipeline.dedupe.policy import DedupePolicy, DedupeResult

__all__ = [
    "DedupePolicy",
    "DedupeResult",
    "contact_key",
    "deduplicate",
    "record_key",
]
