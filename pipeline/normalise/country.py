"""Countries of a column: names in five languages and ISO codes to ISO 3166 alpha-2."""

import csv
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from pipeline.normalise.column import Column, Remark
from pipeline.normalise.textarrays import Ints, positions


def key(text: str) -> str:
    """Return the letters and digits of `text`, without case and accents."""
    spelled = unicodedata.normalize("NFD", text.casefold().replace("&", " and "))
    return "".join(c for c in spelled if c.isalnum())


@cache
def countries() -> Mapping[str, str]:
    """Return the alpha-2 code by the `key` of every name and code in the table."""
    found: dict[str, str] = {}
    table = resources.files("pipeline.normalise") / "countries.csv"
    for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines()):
        for name in (row["iso2"], row["iso3"], *row["names"].split("|")):
            found[key(name)] = row["iso2"]
    return MappingProxyType(found)


def country_code(text: str) -> str | None:
    """Return the alpha-2 code of a country's name or code, else None."""
    return countries().get(key(text))


def normalise_countries(cells: pa.StringArray) -> Column:
    """Return the alpha-2 code of each cell; null where it is empty or unknown."""
    encoded = cells.dictionary_encode()
    codes = [country_code(name) for name in encoded.dictionary.to_pylist()]
    ids = encoded.indices
    values = pa.array(codes, pa.string()).take(ids)
    unknown = positions(np.asarray(values.is_null()) & np.asarray(cells.is_valid()))
    return Column(values, {}, tuple(_remarks(unknown, cells)))


def _remarks(rows: Ints, cells: pa.StringArray) -> list[Remark]:
    return [Remark(row, "country_unknown", cells[row].as_py()) for row in rows.tolist()]
