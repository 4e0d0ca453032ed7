"""Order the review file by a Splink model; Splink is imported here and nowhere else.

It decides nothing: which pairs are shown, held or merged is settled before, and the
model, trained on the file itself without labels, only says which of the shown pairs
come first. The scores stay those that were there, dealt out in the new order, so that
pairs of other kinds keep their place among them.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa
import splink.comparison_library as compare
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.exceptions import EMTrainingException

_SAMPLE: Final = 50_000
"""Rows, beside those of the pairs, from which the model learns."""
_SEED: Final = 1
_RANDOM_PAIRS: Final = 200_000
_LEAST: Final = 500
"""Rows below which a model guesses rather than learns."""
_ENOUGH: Final = 0.05
"""Share of rows with a birth date or a city from which on the model knows more."""
_HAIR: Final = 1e-9
_CITIES: Final = (
    *("city", "City", "ville", "Ville", "town", "Town", "ciudad", "Ciudad"),
    *("cidade", "Cidade", "stadt", "Stadt"),
)
_COMPARED: Final = ("name", "email", "phone", "birth_date", "city")
_NAME: Final = (
    "array_to_string(list_sort(string_split(lower(strip_accents(name)), ' ')), ' ')"
)


def rank_pairs(con: Any, source: str) -> int | None:
    """Deal out the scores of the `pairs` of two rows anew; return how many there were.

    `source` is the relation of prepared rows. None: there are too few rows, too few of
    them have a birth date or a city, or nothing repeats to learn from, and the order
    stays as it was.
    """
    lines = con.execute(
        "SELECT row_a, row_b, score FROM pairs WHERE kind = 'pair'"
        " ORDER BY score DESC, row_a, row_b"
    ).fetchall()
    people = people_of(con, source)
    weights = weigh(people, [(a, b) for a, b, _ in lines]) if len(lines) > 1 else None
    if weights is None:
        return None
    # What the model holds equal stays in the order it had.
    order = sorted(lines, key=lambda line: -weights[line[:2]])
    dealt = pa.table(
        {
            "a": [a for a, _, _ in order],
            "b": [b for _, b, _ in order],
            # A hair less from line to line, so that equal scores keep the new order.
            "score": [score - place * _HAIR for place, (*_, score) in enumerate(lines)],
        }
    )
    con.register("dealt", dealt)
    con.execute(
        "UPDATE pairs SET score = d.score FROM dealt d"
        " WHERE kind = 'pair' AND row_a = d.a AND row_b = d.b"
    )
    con.unregister("dealt")
    return len(lines)


def weigh(
    people: pa.Table, pairs: Sequence[tuple[int, int]]
) -> Mapping[tuple[int, int], float] | None:
    """Return the match weight of each pair of `people`, by a model learnt from them.

    `people` has `row` and the columns compared, as text. None as in `rank_pairs`.
    """
    with model_of(people) as linker:
        if linker is None:
            return None
        blocked = pa.table(
            {
                "match_key": ["0"] * len(pairs),
                "join_key_l": [a for a, _ in pairs],
                "join_key_r": [b for _, b in pairs],
            }
        )
        linker.table_management.register_blocked_pairs_for_predict(
            linker._db_api.register(blocked)  # noqa: SLF001 - its only door
        )
        found = linker.inference.predict(warning_mode="never")
        told = found.as_duckdbpyrelation().fetchall()
        names = [column.unquote().name for column in found.columns]
    at = [names.index(name) for name in ("row_l", "row_r", "match_weight")]
    return {(line[at[0]], line[at[1]]): round(line[at[2]], 6) for line in told}


def people_of(con: Any, source: str) -> pa.Table:
    """Return the rows of the pairs and a sample of the others."""
    city = ", ".join(f"metadata ->> '{key}'" for key in _CITIES)
    # A relation, not a result: its Arrow table is made without another copy.
    people: pa.Table = con.sql(
        f"""WITH shown AS (SELECT row_a AS row FROM pairs WHERE kind = 'pair'
                UNION SELECT row_b FROM pairs WHERE kind = 'pair'),
            others AS (SELECT row FROM {source} ANTI JOIN shown USING (row)
                ORDER BY hash(row), row LIMIT {_SAMPLE})
        SELECT row, {_NAME} AS name, lower(email) AS email, phone, birth_date,
            lower(strip_accents(trim(coalesce({city})))) AS city
        FROM {source} SEMI JOIN (FROM shown UNION ALL FROM others) USING (row)
        ORDER BY row"""
    ).to_arrow_table()
    return people


@contextmanager
def model_of(people: pa.Table) -> Iterator[Linker | None]:
    """Give a model of the people, trained on them; None where it knows nothing more."""
    columns = [c for c in _COMPARED if len(people[c].drop_null().unique()) > 1]
    filled = [
        1 - people[c].null_count / max(1, len(people)) for c in ("birth_date", "city")
    ]
    knows_more = len(people) >= _LEAST and max(filled) >= _ENOUGH
    if not knows_more or "name" not in columns:
        yield None
        return
    # One thread: a model of the same file is the same model, to the last bit.
    with duckdb.connect(config={"threads": 1}) as con:
        api = DuckDBAPI(con)
        linker = Linker(
            api.register(people),
            SettingsCreator(
                link_type="dedupe_only",
                unique_id_column_name="row",
                comparisons=[_comparison(column) for column in columns],
                blocking_rules_to_generate_predictions=[
                    block_on(column) for column in columns if column != "city"
                ],
            ),
            log_level=logging.CRITICAL,
        )
        yield linker if _trained(linker, columns) else None


def _comparison(column: str) -> Any:
    if column == "email":
        return compare.EmailComparison(column)
    if column == "city":
        return compare.ExactMatch(column)
    if column == "name":
        return compare.JaroWinklerAtThresholds(column, [0.95, 0.88, 0.7])
    return compare.DamerauLevenshteinAtThresholds(column, [1, 2])


def _trained(linker: Linker, columns: Sequence[str]) -> bool:
    """Learn without labels; return whether there was anything to learn from.

    Each round holds one column fast and learns the others from those who share it.
    """
    linker.training.estimate_u_using_random_sampling(
        max_pairs=_RANDOM_PAIRS, seed=_SEED
    )
    rounds = 0
    for column in columns:
        if column == "city":
            continue  # whole towns would be compared
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(column)
            )
        except EMTrainingException:
            continue  # nobody shares it
        rounds += 1
    return rounds > 0
