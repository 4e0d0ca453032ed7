"""Phones: what each form becomes, and under which rule."""

import csv

import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.normalise.phone import Policy
from pipeline.normalise.phonecell import Reading, ask_library
from pipeline.normalise.repairs import REPAIRS, SUPERSEDED, upgrade
from tests.normalise.helpers import corpus, example, phone, phones

FIXED = phonenumbers.PhoneNumberType.FIXED_LINE
GOOD = "+237670000012"

CLEANED = [
    ("+237670000012", ()),
    ("670000012", ()),
    ("6 70 00 00 12", ()),
    ("+237 (670) 00.00-12", ()),
    ("237670000012", ()),
    ("00237670000012", ()),
    ("+237 (0)0237 670000012", None),
    ("+237\u2011670\u2011000\u2011012", ()),
    ("+237\u00a0670\u00a0000\u00a0012", ("unusual_blanks",)),
    ("\u202a+237670000012\u202c", ("invisible_marks",)),
    ("+237\u200e670000012", ("invisible_marks",)),
    ("+237670000012\x07", ("invisible_marks",)),
    ("+23767000001２", ("foreign_digits",)),
    ("+٢٣٧٦٧٠٠٠٠٠١٢", ("foreign_digits",)),
    ("＋237670000012", ("foreign_digits",)),
    ('="+237670000012"', ("formula_text",)),
    ("=+237670000012", ("formula_text",)),
    ("2.37670000012E+11", ("sci_exact",)),
    ("2,37670000012e11", ("sci_exact",)),
    ("6.70000012E8", ("sci_exact",)),
    ("237670000012.0", ("float_artifact",)),
    ("670000012,00", ("float_artifact",)),
    ("tel:+237-670-000-012", ("uri_prefix",)),
    ("Tel: +237 670 00 00 12", ("label_removed",)),
    ("Portable +237 670 00 00 12", ("label_removed",)),
    ("+237 670 00 00 12 (WhatsApp)", ("label_removed",)),
    ("+237 670 00 00 12 Mme Ngono", ("label_removed",)),
    ("670000012 ext. 12", ("extension_dropped",)),
    ("670000012 / 680000013", ("several_numbers",)),
    ("670000012 ou 680000013", ("several_numbers",)),
    ("Bureau 670000012; Maison 680000013", ("several_numbers",)),
    ("670000012\n680000013", ("several_numbers",)),
    ("670000012 / 12", ("extension_dropped",)),
    ("670000012 ; 67000001234567890", ("several_numbers",)),
    ("670000012\t", ()),
]


@pytest.mark.parametrize(("text", "rules"), CLEANED)
def test_a_form_becomes_e164_under_its_rule(text, rules):
    number, found, problem, _, _ = phone(text)
    if rules is None:
        assert problem is not None
        return
    assert (number, found, problem) == (GOOD, rules, None)


REFUSED = [
    ("2.37656E+11", "sci_truncated", None),
    ("2.37E0", "sci_truncated", None),
    ("*126#", "phone_service_code", None),
    ("6712", "phone_too_short", None),
    ("1", "phone_not_a_number", None),
    ("+237", "phone_too_short", None),
    ("+", "phone_not_a_number", None),
    ("sans", "phone_not_a_number", None),
    ("6700000123", "phone_too_long", None),
    ("6" * 30, "phone_too_long", None),
    ("6" * 300, "phone_too_long", None),
    ("+999 670000012", "phone_unknown_country_code", None),
    ("600000000", "phone_not_valid", None),
    ("+237 71 23 45 67", "cm_8_to_9", "+237671234567"),
    ("22 23 45 67", "cm_8_to_9", "+237222234567"),
    ("67000O012", "letter_o", "+237670000012"),
    ("+237670000012+237680000013", "glued_numbers", "+237670000012"),
    ("670000012680000013", "glued_numbers", "+237670000012"),
    ("237670000012237680000013", "glued_numbers", "+237670000012"),
    ("670000012000000013", "phone_too_long", None),
    ("33612345098", "lost_plus", "+33612345098"),
]


@pytest.mark.parametrize(("text", "rule", "suggestion"), REFUSED)
def test_a_wrong_number_says_why_and_offers_a_repair(text, rule, suggestion):
    assert phone(text) == (None, (), rule, suggestion, ())


@pytest.mark.parametrize(
    ("text", "rule", "suggestion"), [row for row in REFUSED if row[2]]
)
def test_a_repair_is_applied_where_its_rule_is_allowed(text, rule, suggestion):
    allowed = Policy(repairs=frozenset({rule}))
    others = Policy(repairs=frozenset(REPAIRS) - {rule})
    assert phone(text, policy=allowed) == (suggestion, (rule,), None, None, ())
    assert phone(text, policy=others)[2:4] == (rule, suggestion)


def test_old_plans_of_other_countries_are_offered():
    code, national = example("BJ")
    assert phone(national[2:], "BJ")[2:4] == ("bj_8_to_10", f"+{code}{national}")
    code, national = example("MX")
    assert phone(f"+{code}1{national}")[2:4] == ("mx_1_dropped", f"+{code}{national}")
    code, national = example("CI")
    assert phone(national[1:], "CI")[2:4] == (
        "leading_zero_lost",
        f"+{code}{national}",
    )


@pytest.mark.parametrize(
    ("region", "old", "new"),
    [
        ("CM", "71234567", ("cm_8_to_9", "671234567")),
        ("CM", "33123456", ("cm_8_to_9", "233123456")),
        ("BJ", "97123456", ("bj_8_to_10", "0197123456")),
        ("CI", "07123456", ("ci_8_to_10", "0707123456")),
        ("CI", "45123456", ("ci_8_to_10", "0545123456")),
        ("CI", "41123456", ("ci_8_to_10", "0141123456")),
        ("CI", "20812345", ("ci_8_to_10", "2120812345")),
        ("CI", "20012345", ("ci_8_to_10", "2520012345")),
        ("CI", "22412345", ("ci_8_to_10", "2722412345")),
        ("MX", "12221234567", ("mx_1_dropped", "2221234567")),
        ("MX", "22221234567", None),
        ("CM", "671234567", None),
        ("SN", "77123456", None),
    ],
)
def test_numbers_of_superseded_plans_are_upgraded(region, old, new):
    assert upgrade(old, region) == new


def test_further_numbers_of_a_cell_are_kept():
    number, rules, _, _, further = phone("670000012 / 680000013 / 12345")
    assert (number, rules) == (GOOD, ("several_numbers",))
    assert further == ("+237680000013",)


def test_several_numbers_that_only_the_library_can_read():
    code, national = example("AR")
    local = f"{national[1:3]} 15 {national[3:]}"
    number, rules, _, _, further = phone(f"{local}; {local}", "AR")
    assert (number, rules[0]) == (f"+{code}{national}", "several_numbers")
    assert further == (number,)


def test_a_label_around_what_only_the_library_can_read():
    code, national = example("AR")
    number, rules, *_ = phone(f"Casa {national[1:3]} 15 {national[3:]} Ana", "AR")
    assert (number, rules[0]) == (f"+{code}{national}", "label_removed")
    parts = f"Casa {national[1:3]} 15 {national[3:]} ; Ana 0000000"
    assert phone(parts, "AR")[0] == f"+{code}{national}"


def test_double_zero_is_a_plus_in_every_region():
    assert phone("00237670000012", "KE")[:2] == (GOOD, ("double_zero",))
    assert phone("00237670000012 (WhatsApp)", "KE")[:2] == (
        GOOD,
        ("label_removed", "double_zero"),
    )
    assert phone("00237670000012; 00237680000013", "KE")[4] == ("+237680000013",)
    assert phone("000237670000012", "KE")[:2] == (GOOD, ())
    assert phone("011237670000012", "US")[:2] == (GOOD, ())


def test_letters_on_keys_and_extensions_are_said():
    assert phone("1-800-FLOWERS", "US")[:2] == ("+18003569377", ("vanity_letters",))
    code, national = example("US")
    number = f"+{code}{national}"
    assert phone(f"tel:{number};ext=123", "US")[:2] == (
        number,
        ("uri_prefix", "extension_dropped"),
    )
    assert phone(f"tel:{national};phone-context=+1", "US")[0] == number


def test_possible_numbers_are_allowed_but_never_old_plans():
    allowed = Policy(allow_possible=True)
    assert phone("600000012", policy=allowed)[:2] == (
        "+237600000012",
        ("phone_possible_only",),
    )
    assert phone("+237 71 23 45 67", policy=allowed)[2] == "cm_8_to_9"
    assert phone("6712", policy=allowed)[2] == "phone_too_short"
    assert set(SUPERSEDED) == {"CM", "CI", "BJ", "MX"}


def test_without_a_region_only_international_numbers_are_read():
    assert phone("670000012", "")[2] == "phone_no_region"
    assert phone("+237670000012", "")[0] == GOOD
    assert phone("a1b2", "ZZ")[2] == "phone_not_a_number"


def flags(text, region="CM"):
    column = phones([text], region).column
    return tuple(remark.rule for remark in column.remarks)


def test_good_numbers_are_flagged():
    assert flags("+237670000012", "FR") == ("region_mismatch",)
    assert flags("+237670000012") == ()
    _, fixed = example("CM", FIXED)
    assert flags(fixed) == ("landline",)
    assert flags(f"Bureau {fixed} fixe") == ("label_removed", "landline")
    assert flags(f"{fixed} / 12") == ("extension_dropped", "landline")
    assert flags(f"{fixed} ext. 12") == ("extension_dropped", "landline")
    assert flags("677777777") == ("phone_placeholder",)
    _, fixed = example("IT", FIXED)
    assert "landline" not in flags(fixed, "IT")


def test_numbers_read_by_the_default_region_are_counted():
    texts = ["670000012", "+237670000012", None, "bad", "670000012 (x y)"]
    assert phones(texts, given=False).assumed == 2
    assert phones(texts, given=True).assumed == 0


def test_equal_cells_are_read_once_and_empty_columns_at_all():
    column = phones(["Tel 6", "Tel 6", None]).column
    assert [problem.position for problem in column.problems.values()] == [0, 1]
    assert phones([]).column.values == pa.array([], pa.string())
    assert phones([None]).column.values.null_count == 1


def test_many_numbers_are_read_like_few():
    texts = [f"+2376700{place:05d}" for place in range(1200)]
    assert phones(texts).column.values.to_pylist() == texts


def test_a_cell_that_says_nothing_is_said_to():
    assert phone(" N/A ")[2] == "says_nothing"


def test_the_library_alone_reads_what_is_certain_too():
    reading = Reading(text="670000012")
    ask_library(reading, "CM", Policy())
    assert (reading.e164, reading.rules) == (GOOD, [])


@given(st.text(max_size=40))
@settings(max_examples=80, deadline=None)
def test_every_text_ends_in_a_number_or_a_problem(text):
    number, _, problem, _, _ = phone(text)
    assert (number is None) == (problem is not None)


@given(st.from_regex(r"(\+|00)?[0-9 .()/-]{7,16}", fullmatch=True))
@settings(max_examples=80, deadline=None)
def test_a_number_that_is_normalised_stays_as_it_is(text):
    number = phone(text, policy=Policy(repairs=frozenset(REPAIRS)))[0]
    if number is not None:
        assert phone(number)[:1] == (number,)


@pytest.mark.corpus
def test_the_corpus_of_phones():
    with corpus("phones.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = phones([r["input"] for r in rows], [r["region"] for r in rows]).column
    explained = {remark.position for remark in found.remarks}
    for place, row in enumerate(rows):
        number = found.values[place].as_py()
        assert number == (row["normalized"] or None) or place in explained, row["input"]


@pytest.mark.corpus
def test_the_corpus_of_dirty_phones():
    with corpus("dirty_cases.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "phone"]
    repaired = Policy(repairs=frozenset(REPAIRS))
    for row in rows:
        expected = row["expected"] or None
        number, rules, problem, suggestion, _ = phone(row["input"], row["region"])
        if "[repair]" in row["reason"]:
            assert (number, suggestion) == (None, expected), row
            assert phone(row["input"], row["region"], repaired)[0] == expected, row
        else:
            assert number == expected, row
        assert "[clean]" not in row["reason"] or rules, row
        assert "[reject]" not in row["reason"] or problem, row
