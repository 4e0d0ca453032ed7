"""E-mails: what each form becomes, and under which rule."""

import csv

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.normalise.domains import is_one_slip, meant
from pipeline.normalise.email import fast_emails, normalise_emails
from pipeline.normalise.emailcell import REPAIRS, certain, check
from tests.normalise.helpers import cells, corpus, email

CLEANED = [
    ("jane@example.com", "jane@example.com", ()),
    (" jane@example.com\u00a0", "jane@example.com", ()),
    ("JANE@EXAMPLE.COM", "JANE@example.com", ()),
    ("jane+promo@example.com", "jane+promo@example.com", ()),
    ("o'hara@example.com", "o'hara@example.com", ()),
    ("a/b@example.com", "a/b@example.com", ()),
    ("jane@étude.example.com", "jane@étude.example.com", ()),
    ("jane@xn--tude-9oa.example.com", "jane@étude.example.com", ()),
    ("jose\u0301@example.com", "josé@example.com", ()),
    ("\ufeffjane@example.com", "jane@example.com", ("invisible_marks",)),
    ("ja\u200bne@example.com", "jane@example.com", ("invisible_marks",)),
    ('="jane@example.com"', "jane@example.com", ("formula_text",)),
    ("mailto:jane@example.com", "jane@example.com", ("uri_prefix",)),
    ("mailto:jane@example.com?subject=x", "jane@example.com", ("uri_prefix",)),
    ("E-mail : jane@example.com", "jane@example.com", ("label_removed",)),
    ("'jane@example.com'", "jane@example.com", ("quotes_removed",)),
    ('"jane@example.com"', "jane@example.com", ("quotes_removed",)),
    ("<jane@example.com>", "jane@example.com", ("display_name",)),
    ("Jane <jane@example.com>", "jane@example.com", ("display_name",)),
    ('"Doe, Jane" <jane@example.com>', "jane@example.com", ("display_name",)),
    ("Jané <jane@example.com>", "jane@example.com", ("display_name",)),
    ("jane@example.com;", "jane@example.com", ("trailing_marks",)),
    ("jane@example.com (bureau)", "jane@example.com", ("label_removed",)),
    ("jané@example.com - bureau", "jané@example.com", ("label_removed",)),
]


@pytest.mark.parametrize(("text", "address", "rules"), CLEANED)
def test_a_form_becomes_an_address_under_its_rule(text, address, rules):
    assert email(text) == (address, rules, None, None, ())


SEVERAL = [
    "jane@example.com; john@example.org",
    "jane@example.com, john@example.org",
    "jane@example.com / john@example.org",
    "jane@example.com ou john@example.org",
    "<jane@example.com>; <john@example.org>",
]


@pytest.mark.parametrize("text", SEVERAL)
def test_the_first_of_several_is_used_and_the_rest_kept(text):
    address, rules, _, _, further = email(text)
    assert (address, further) == ("jane@example.com", ("john@example.org",))
    assert rules == ("several_emails",)


REFUSED = [
    ("jane", "email_no_at", None),
    ("@example.com", "email_no_local", None),
    ("jane@", "email_no_domain", None),
    ("jane@example", "email_no_tld", None),
    ("jane@10.0.0.1", "email_no_tld", None),
    ("jane..doe@example.com", "email_dots", None),
    (".jane@example.com", "email_dots", None),
    ("jane.@example.com", "email_dots", None),
    ("jane@-example.com", "email_bad_domain", None),
    ("jane@exa_mple.com", "email_bad_domain", None),
    ("a" * 65 + "@example.com", "email_too_long", None),
    ("jane@" + "a" * 64 + ".com", "email_too_long", None),
    ("jane@" + "a." * 130 + "com", "email_too_long", None),
    ("jane@shop.test", "email_special_use", None),
    ("jane\u202e@example.com", "email_unsafe_characters", None),
    ("jane@[192.168.0.1]", "email_ip_literal", None),
    ('"jane doe"@example.com', "email_quoted_local", None),
    ("ja(ne@example.com", "email_bad_characters", None),
    ("jane@example.com<script>", "email_bad_domain", None),
    ('=HYPERLINK("mailto:jane@example.com")', "email_no_at", None),
    ("bad@; jane@example.com", "email_bad_domain", None),
    ("bad@ (bureau)", "email_bad_domain", None),
    ("jane @example.com", "email_inner_space", "jane@example.com"),
    ("jane(at)example.com", "email_obfuscated", "jane@example.com"),
    ("jane at example dot com", "email_obfuscated", "jane@example.com"),
    ("jane [arobase] example [point] com", "email_obfuscated", "jane@example.com"),
    ("jane%40example.com", "email_url_encoded", "jane@example.com"),
    ("jane@example,com", "email_comma_for_dot", "jane@example.com"),
    ("jané @example.com", "email_inner_space", "jané@example.com"),
]


@pytest.mark.parametrize(("text", "rule", "suggestion"), REFUSED)
def test_a_wrong_address_says_why_and_offers_a_repair(text, rule, suggestion):
    assert email(text) == (None, (), rule, suggestion, ())


@pytest.mark.parametrize(
    ("text", "rule", "suggestion"), [row for row in REFUSED if row[2]]
)
def test_a_repair_is_applied_where_its_rule_is_allowed(text, rule, suggestion):
    assert email(text, rule) == (suggestion, (rule,), None, None, ())
    others = set(REPAIRS) - {rule}
    assert email(text, *others)[2:4] == (rule, suggestion)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("noemail@example.com", ("email_placeholder",)),
        ("jane@noemail.com", ("email_placeholder",)),
        ("jane@yopmail.com", ("email_disposable",)),
        ("contact@example.com", ("email_role",)),
        ("INFO@example.com", ("email_role",)),
        ("JoÃ£o@example.com", ("mojibake",)),
        ("j\u0430ne@example.com", ("mixed_script",)),
        ("j" * 64 + "@" + "a." * 90 + "com", ("email_long",)),
        ("jane@gmial.com", ("email_typo_domain",)),
    ],
)
def test_good_addresses_are_flagged(text, rules):
    address, found, problem, _, _ = email(text)
    assert address is not None
    assert (found, problem) == (rules, None)


def test_a_cell_that_says_nothing_is_said_to():
    assert email("N/A")[2] == "says_nothing"


def test_mailboxes_of_the_rfc_are_written_small_as_the_library_does():
    assert email("Postmaster@example.com")[0] == "postmaster@example.com"
    assert certain("Postmaster@example.com") is None


def test_a_slip_in_the_domain_is_mended_where_that_is_allowed():
    address, rules, *_ = email("jane@hotmial.fr", "email_typo_domain")
    assert (address, rules) == ("jane@hotmail.fr", ("email_typo_domain",))


@pytest.mark.parametrize(
    ("domain", "better"),
    [
        ("gmial.com", "gmail.com"),
        ("gamil.com", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gmsil.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmial.con", "gmail.com"),
        ("GMIAL.COM", "gmail.com"),
        ("yaho.fr", "yahoo.fr"),
        ("hotmil.co.uk", "hotmail.co.uk"),
        ("gmail.com", None),
        ("gmail.fr", None),
        ("yahoo.fr", None),
        ("comcast.com", None),
        ("ymail.com", None),
        ("mail.com", None),
        ("email.com", None),
        ("hmail.com", None),
        ("gmial.de", None),
        ("gmail", None),
        ("example.com", None),
        ("aoo.com", None),
    ],
)
def test_slips_of_well_known_domains_only_are_seen(domain, better):
    assert meant(domain) == better


def test_one_slip_is_one_letter():
    assert not is_one_slip("gmail", "gmail")
    assert not is_one_slip("gml", "gmail")
    assert not is_one_slip("hmails", "gmail")
    assert not is_one_slip("gxxxl", "gmail")


def test_an_empty_column_stays_empty():
    assert normalise_emails(cells(None), frozenset()).values.null_count == 1
    assert len(normalise_emails(cells(), frozenset()).values) == 0


def test_equal_cells_are_read_once():
    column = normalise_emails(cells("bad", "bad", None), frozenset())
    assert sorted(column.problems) == [0, 1]


def library(text):
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    return found.normalized


LOCALS = st.from_regex(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,70}", fullmatch=True)
DOMAINS = st.sampled_from(
    ["example.com", "EXAMPLE.com", "étude.example.com", "x.test", "a..b", "-x.com", "x"]
)


@given(LOCALS, DOMAINS)
@settings(max_examples=100, deadline=None)
def test_what_is_certain_is_what_the_library_says(local, domain):
    text = f"{local}@{domain}"
    for found in (certain(text), fast_emails(cells(text))[0].as_py()):
        assert found is None or found == library(text)


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_every_text_ends_in_an_address_or_a_problem(text):
    address, _, problem, _, _ = email(text, *REPAIRS)
    assert (address is None) == (problem is not None)
    if address is not None:
        assert email(address)[0] == address


def test_an_unknown_reason_of_the_library_is_still_a_problem():
    assert check("a" * 400 + "@" + "b" * 400)[1] is not None


@pytest.mark.corpus
def test_the_corpus_of_emails():
    with corpus("emails.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = normalise_emails(cells(*(row["input"] for row in rows)), frozenset())
    explained = {remark.position for remark in found.remarks}
    for place, row in enumerate(rows):
        address = found.values[place].as_py()
        is_valid = row["valid_after_strip"] == "true"
        expected = row["normalized_after_strip"] if is_valid else None
        if address != expected:
            problem = found.problems.get(place)
            # The corpus was made without `strict`, which holds local parts to 64.
            too_long = problem is not None and problem.rule == "email_too_long"
            assert place in explained or too_long, row


@pytest.mark.corpus
def test_the_corpus_of_dirty_emails():
    with corpus("dirty_cases.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "email"]
    for row in rows:
        assert email(row["input"])[0] == (row["expected"] or None), row
