"""Consent: read by header or `--map`, required by `[consent]`, dated, and sent along."""

import json

import pytest

from pipeline.errors import SettingsError
from pipeline.runs.check import check
from pipeline.runs.request import FileRequest
from pipeline.settings import load_settings

WANTED = "[consent]\nrequired = true\n"


@pytest.fixture
def checked(tmp_path):
    """Return a function that checks a file's text under the rules of a TOML text."""

    def run(toml, text, **options):
        config = tmp_path / "own.toml"
        config.write_text(toml, encoding="utf-8")
        file = tmp_path / "c.csv"
        file.write_text(text, encoding="utf-8")
        settings = load_settings(
            config, runs_dir=str(tmp_path / "runs"), workers=1, lang="en"
        )
        return check(settings, FileRequest(str(file), **options))

    return run


def rows(header, *cells):
    names = ("Awa Sow", "Ben Eto'o", "Chloé Ngo", "Dina Mba", "Eric Fon", "Fanta Ly")
    lines = [f"{names[n]},p{n}@example.com,{cell}" for n, cell in enumerate(cells)]
    return "\n".join([f"Nom,Email,{header}", *lines]) + "\n"


def told(session):
    lines = session.folder.findings.read_text(encoding="utf-8").splitlines()
    return [(f["row"], f["rule"], f["field"]) for f in map(json.loads, lines)]


@pytest.mark.parametrize(
    "header",
    ["Consent", "GDPR consent", "Consentement", "consentement_rgpd", "Accord client"],
)
def test_a_row_without_consent_is_rejected(checked, header):
    text = rows(header, "oui", "no", "", "TRUE", "peut-être", "1")
    session = checked(WANTED, text)
    assert (session.summary.rows["accepted"], session.summary.rows["rejected"]) == (
        3,
        3,
    )
    assert told(session) == [(n, "no_consent", "consent") for n in (2, 3, 5)]
    rejected = (session.folder.path / "rejected.csv").read_text(encoding="utf-8-sig")
    assert "no_consent" in rejected
    assert "--map consent=COLUMN" in rejected


def test_a_column_may_be_named(checked):
    text = rows("RGPD ok ?", "Yes", "x", "non")
    session = checked(WANTED, text, map=(("consent", "RGPD ok ?"),))
    assert session.summary.rows["rejected"] == 1
    roles = {c["column"]: c["role"] for c in session.summary.reading["columns"]}
    assert roles["RGPD ok ?"] == "consent"


def test_a_file_that_says_nothing_of_consent_is_rejected_whole(checked):
    session = checked(WANTED, rows("Ville", "Douala", "Kribi"))
    assert session.summary.rows["rejected"] == 2


def test_a_date_in_the_future_or_unreadable_is_told(checked):
    text = rows(
        "Consentement,Date de consentement",
        "oui,31/01/2026", "oui,2999-01-01", "oui,hier", "oui,",
    )  # fmt: skip
    session = checked(WANTED, text)
    assert session.summary.rows["rejected"] == 0
    assert told(session) == [
        (2, "consent_date_future", "consent_date"),
        (3, "consent_date_unreadable", "consent_date"),
    ]


def test_a_date_alone_says_yes_if_it_can_be(checked):
    text = rows("Consented at", "2026-01-31", "2999-01-01", "soon", "")
    session = checked(WANTED, text)
    assert (session.summary.rows["accepted"], session.summary.rows["rejected"]) == (
        1,
        3,
    )


@pytest.mark.parametrize("toml", ["", "[consent]\n", "[consent]\nrequired = false\n"])
def test_nothing_is_rejected_where_consent_is_not_required(checked, toml):
    session = checked(toml, rows("Consentement", "oui", "non", ""))
    assert session.summary.rows["rejected"] == 0
    roles = {c["column"]: c["role"] for c in session.summary.reading["columns"]}
    wanted = "consent" if "required" in toml else "metadata.Consentement"
    assert roles["Consentement"] == wanted


def test_another_key_is_a_mistake(checked):
    with pytest.raises(SettingsError, match=r"`consent\.require` is no key"):
        checked("[consent]\nrequire = true\n", rows("Consent", "yes"))
    with pytest.raises(SettingsError, match="is not true or false"):
        checked("[consent]\nrequired = 'yes'\n", rows("Consent", "yes"))


def test_consent_and_its_date_are_sent_along(world, tmp_path):
    config = tmp_path / "own.toml"
    config.write_text(WANTED, encoding="utf-8")
    here = world(settings={"config": config})
    text = rows(
        "Consentement,Date du consentement,Ville",
        "OUI,31/01/2026,Douala", "non,31/01/2026,Kribi", "1,2999-01-01,Kribi",
    )  # fmt: skip
    left = here.bring(here.file(text), max_reject_rate=1.0)
    assert left.rows == {"read": 3, "created": 2, "rejected": 1}
    stored = sorted(
        (c["metadata"] for c in here.server.customers.values()),
        key=lambda one: one["Ville"],
    )
    for one in stored:
        one.pop("import_key")
    assert stored == [
        {"consent": "yes", "consent_date": "2026-01-31", "Ville": "Douala"},
        {"consent": "yes", "Ville": "Kribi"},
    ]
    assert here.bring(here.file(text), max_reject_rate=1.0).rows["unchanged"] == 2
