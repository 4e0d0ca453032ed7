"""The TOML tables of one's own rules: what is read, and how mistakes are told."""

import tomllib

import pytest

from pipeline.errors import SettingsError
from pipeline.own.parsing import parse_own
from pipeline.own.reader import Document, line_of
from schemas.outcomes import Severity
from schemas.own import OwnMetadata, OwnRule


def parse(text):
    return parse_own(Document(tomllib.loads(text), text, "own.toml"))


def test_a_full_file_is_read():
    own = parse(
        """
        [rules.known_shop]
        column = "Boutique"
        required = true
        allowed = ["Akwa", 7]
        severity = "warning"
        max_share = 0.05
        en = "which shop?"
        [rules.sale]
        column = "Dernier achat"
        min = 2026-01-01
        max = 2026-12-31
        unique = true
        [rules.amount]
        column = "Montant"
        type = "integer"
        min = 1
        max = 5
        [rules.code]
        column = "Code"
        required = "column"
        pattern = 'C\\d{4}'
        [rules.phone_not_valid]
        max_share = 0.2
        [metadata]
        keep = ["Ville"]
        allow = ["Date de naissance"]
        deny = ["Segment"]
        rename = { Ville = "city" }
        type = { Montant = "number" }
        [guards]
        row_count_drop = 0.4
        [drift]
        nulls = 0.1
        """
    )
    shop, sale, amount, code = own.rules
    assert shop == OwnRule(
        name="known_shop",
        column="Boutique",
        needs_column=True,
        required=True,
        allowed=("Akwa", "7"),
        severity=Severity.WARNING,
        max_share=0.05,
        texts=(("en", "which shop?"),),
    )
    assert (sale.kind, sale.least, sale.most, sale.unique) == (
        "date",
        20260101.0,
        20261231.0,
        True,
    )
    assert (amount.kind, amount.least, amount.most) == ("integer", 1.0, 5.0)
    assert (code.needs_column, code.required, code.pattern) == (True, False, r"C\d{4}")
    assert own.max_shares == (("known_shop", 0.05), ("phone_not_valid", 0.2))
    assert own.limits == (("guards.row_count_drop", 0.4), ("drift.nulls", 0.1))
    assert own.metadata == OwnMetadata(
        keep=("Ville",),
        allow=("Date de naissance",),
        deny=("Segment",),
        rename=(("Ville", "city"),),
        types=(("Montant", "number"),),
    )


def test_nothing_is_read_of_nothing():
    own = parse("")
    assert (own.rules, own.max_shares, own.limits) == ((), (), ())
    assert own.metadata == OwnMetadata()


MISTAKES = {
    "[rules.a]\nrequired = true": "line 1: `rules.a.column` is missing",
    "[rules.a]\ncolumn = ' '\nunique = true": "line 2: `rules.a.column` is missing",
    "[rules.a]\ncolumn = 3\nunique = true": "line 2: `rules.a.column` is not a header",
    "[rules.a]\ncolumn = 'x'": "line 2: `rules.a.column` stands alone",
    "[rules.Bad-Name]\ncolumn = 'x'": "line 1: `rules.Bad-Name` is no rule name",
    "[rules.a]\ncolumn = 'x'\nminimum = 3": "line 3: `rules.a.minimum` is no key here",
    "[rules.a]\ncolumn = 'x'\nmin = 'low'": "line 3: `rules.a.min` is neither a number",
    "[rules.a]\ncolumn = 'x'\nmin = true": "line 3: `rules.a.min` is neither a number",
    "[rules.a]\ncolumn = 'x'\nmin = 3\nmax = 2": "line 4: `rules.a.max` is below",
    "[rules.a]\ncolumn = 'x'\nmin = 3\nmax = 2026-01-01": "`rules.a.max` is a date",
    "[rules.a]\ncolumn = 'x'\ntype = 'date'\nmin = 3": "`rules.a.min` is a number",
    "[rules.a]\ncolumn = 'x'\ntype = 'money'": "`rules.a.type` is `money`, not one of",
    "[rules.a]\ncolumn = 'x'\npattern = '('": "line 3: `rules.a.pattern` is no regular",
    "[rules.a]\ncolumn = 'x'\npattern = 3": "`rules.a.pattern` is not a text",
    "[rules.a]\ncolumn = 'x'\nallowed = 'y'": "`rules.a.allowed` is not a list",
    "[rules.a]\ncolumn = 'x'\nallowed = [true]": "`rules.a.allowed` holds something",
    "[rules.a]\ncolumn = 'x'\nunique = 1": "`rules.a.unique` is not true or false",
    "[rules.a]\ncolumn = 'x'\nrequired = 'maybe'": "`rules.a.required` is neither true",
    "[rules.a]\ncolumn = 'x'\nseverity = 'fatal'": "`rules.a.severity` is `fatal`",
    "[rules.a]\ncolumn = 'x'\nmax_share = 2": "`rules.a.max_share` is 2, not between",
    "[rules.a]\ncolumn = 'x'\nmax_share = 'a'": "`rules.a.max_share` is not a number",
    "[rules.no_contact]\ncolumn = 'x'": "`no_contact` is a rule of the pipeline's own",
    "rules = 3": "line 1: `rules` is no table; write `[rules]`",
    "[rules]\na = 3": "line 2: `rules.a` is no table",
    "[metadata]\nremove = ['x']": "line 2: `metadata.remove` is no key here",
    "[metadata]\nrename = { a = 3 }": "`metadata.rename.a` is not a text",
    "[metadata]\ntype = { a = 'money' }": "`metadata.type.a` is `money`",
    "[metadata.type]\na = 'money'": "line 2: `metadata.type.a` is `money`",
    "[guards]\nrows = 3": "line 2: `guards.rows` is no key here",
    "[drift]\nnulls = 'x'": "line 2: `drift.nulls` is not a number",
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items(), ids=MISTAKES.values())
def test_a_mistake_is_told_with_key_and_line(text, said):
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert said in caught.value.message
    assert caught.value.message.startswith("`own.toml`")


def test_a_line_is_found_for_keys_in_any_form():
    text = '[rules."a b"]\n\n"c" = 1\n[x]\nrules.d.e = 2\n'
    assert line_of(("rules", "a b", "c"), text) == 3
    assert line_of(("rules", "a b", "z"), text) == 1
    assert line_of(("x", "rules", "d", "e"), text) == 5
    assert line_of(("nothing",), text) is None
