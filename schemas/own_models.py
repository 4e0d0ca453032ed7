"""Rules of the user's own as pandera schemas: a named check for each constraint."""

from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa

from schemas.lean_pandera import pandera
from schemas.models import FLAG, TEXT
from schemas.own import OwnRule

NUMBER = pd.ArrowDtype(pa.float64())


@cache
def model_of(rule: OwnRule) -> pandera.DataFrameSchema:
    """Return the schema of a rule over the columns that it needs.

    `filled` (not blank), `readable` (of the right kind; null where blank), `value`
    (the trimmed text) and `number` (number, or date as yyyymmdd).
    """
    columns: dict[str, Any] = {}
    if rule.required:
        columns["filled"] = pandera.Column(FLAG, _holds("own_required"))
    if rule.kind != "text":
        columns["readable"] = pandera.Column(FLAG, _holds("own_type"), nullable=True)
    texts = []
    if rule.allowed:
        texts.append(pandera.Check.isin(list(rule.allowed), name="own_allowed"))
    if rule.pattern is not None:
        texts.append(pandera.Check(_fits(rule.pattern), name="own_pattern"))
    if texts:
        columns["value"] = pandera.Column(TEXT, texts, nullable=True)
    bounds = []
    if rule.least is not None:
        bounds.append(pandera.Check.ge(rule.least, name="own_min"))
    if rule.most is not None:
        bounds.append(pandera.Check.le(rule.most, name="own_max"))
    if bounds:
        columns["number"] = pandera.Column(NUMBER, bounds, nullable=True)
    return pandera.DataFrameSchema(columns)


def _holds(name: str) -> Any:
    return pandera.Check(lambda flags: flags, name=name)


def _fits(pattern: str) -> Any:
    # Arrow matches with RE2, whose time grows with the text only.
    whole = rf"\A(?:{pattern})\z"

    def check(values: "pd.Series[Any]") -> "pd.Series[Any]":
        return values.str.contains(whole, regex=True)

    return check
