"""`template`: an empty file to hand to senders, which comes back recognised."""

import csv

import openpyxl
import pytest

from pipeline.cli import main
from pipeline.errors import UsageError
from pipeline.own.template import template_columns
from pipeline.recognise import recognise
from pipeline.runs.templating import write_template
from pipeline.settings import load_settings
from schemas.own import OwnRule, OwnRules

BASE = {
    "en": ["Name", "E-mail", "Phone", "Country", "Customer ID"],
    "fr": ["Nom", "E-mail", "Téléphone", "Pays", "Numéro client"],
}


@pytest.mark.parametrize(("lang", "headers"), BASE.items(), ids=BASE.keys())
def test_the_usual_columns_are_recognised_again(lang, headers):
    columns = template_columns(OwnRules(), lang)
    assert [column.header for column in columns] == headers
    found = recognise(headers, [[] for _ in headers]).columns
    assert (found.name, found.emails, found.phones, found.country, found.external_id) == (
        headers[0], (headers[1],), (headers[2],), headers[3], headers[4],
    )  # fmt: skip


def test_rules_join_the_column_they_are_about():
    own = OwnRules(
        (
            OwnRule("a", "phone", required=True, pattern=r"\+.*"),
            OwnRule("b", "Code client", unique=True),
            OwnRule("c", "Boutique", allowed=("Akwa", "Bonanjo")),
            OwnRule("d", "Achat", kind="date", least=20260101.0, most=20261231.0),
            OwnRule("e", "external_id", texts=(("do_en", "six digits"),), pattern="x"),
        )
    )
    columns = {c.header: c for c in template_columns(own, "en")}
    assert list(columns) == [
        "Name", "E-mail", "Phone", "Country", "Code client", "Boutique", "Achat",
    ]  # fmt: skip
    assert columns["Phone"].is_required
    assert columns["Phone"].expected.endswith("Form: \\+.*\nRequired")
    assert columns["Code client"].expected.endswith(
        "Give each row a value of its own\nsix digits"
    )
    assert columns["Boutique"].expected == "Write one of: Akwa, Bonanjo"
    assert (columns["Achat"].kind, columns["Achat"].expected) == (
        "date",
        "A date, as 2026-01-31\nWrite 2026-01-01 or more\nWrite 2026-12-31 or less",
    )


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "own.toml"
    many = ", ".join(f'"Shop number {n:03d}"' for n in range(40))
    file.write_text(
        f"""
        [rules.shop]
        column = "Boutique"
        allowed = ["Akwa", "Bonanjo"]
        required = true
        [rules.place]
        column = "Lieu"
        allowed = [{many}]
        [rules.note]
        column = "Remarque"
        required = "column"
        """,
        encoding="utf-8",
    )
    return file


def test_the_workbook(config, tmp_path):
    out = tmp_path / "t.xlsx"
    settings = load_settings(config, lang="fr")
    headers = [*BASE["fr"], "Boutique", "Lieu", "Remarque"]
    assert write_template(settings, out) == headers
    book = openpyxl.load_workbook(out)
    sheet = book["Clients"]
    assert [cell.value for cell in sheet[1]] == headers
    assert sheet["C1"].comment.text.startswith("Un numéro")
    assert sheet["F1"].comment.text.endswith("Obligatoire")
    assert {d.number_format for d in sheet.column_dimensions.values()} == {"@"}
    lists = {str(v.sqref): v.formula1 for v in sheet.data_validations.dataValidation}
    assert lists == {
        "F2:F10001": '"Akwa,Bonanjo"',
        "G2:G10001": "lists!$G$1:$G$40",
    }
    assert book["lists"].sheet_state == "hidden"
    assert book["lists"]["G40"].value == "Shop number 039"


def test_the_csv(config, tmp_path):
    out = tmp_path / "t.csv"
    write_template(load_settings(config, lang="en"), out)
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [[*BASE["en"], "Boutique", "Lieu", "Remarque"]]


@pytest.mark.parametrize("name", ["t.ods", "t", "none/t.xlsx"])
def test_a_name_that_cannot_be(tmp_path, name):
    with pytest.raises(UsageError):
        write_template(load_settings(lang="en"), tmp_path / name)


def test_the_command(config, tmp_path, capsys):
    out = tmp_path / "t.csv"
    command = ["template", str(out), "--config", str(config), "--lang", "en"]
    assert main(command) == 0
    assert capsys.readouterr().out == (
        f"{out}: Name, E-mail, Phone, Country, Customer ID, Boutique, Lieu, Remarque\n"
    )
    assert main([*command, "--json"]) == 0
    assert '"columns": [' in capsys.readouterr().out
    assert main([*command, "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_a_wrong_file_is_told_in_one_line(tmp_path, capsys):
    config = tmp_path / "own.toml"
    config.write_text("[rules.a]\ncolumn = 'x'\nallow = ['y']\n", encoding="utf-8")
    assert main(["template", str(tmp_path / "t.csv"), "--config", str(config)]) == 5
    error = capsys.readouterr().err
    assert error.startswith(f"error: `{config}` line 3: `rules.a.allow` is no key here")
