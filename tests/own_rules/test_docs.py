"""docs/rules.md: its example works, and its table is in step with the catalogue."""

import json
import re

import pytest

from pipeline.errors import RefusedError
from pipeline.runs.check import check
from pipeline.runs.request import FileRequest
from pipeline.runs.templating import write_template
from pipeline.settings import load_settings
from tests.own_rules.rules_table import HEADING, PAGE, table

HEADER = "Nom,Téléphone,Code client,Boutique,Dernier achat,Ville,Segment\n"


def example():
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"<!-- example -->\n```toml\n(.*?)```", text, re.DOTALL)
    return found[1]


def test_the_table_is_in_step_with_the_catalogue():
    _, _, written = PAGE.read_text(encoding="utf-8").partition(HEADING)
    assert written == table(), "run: python -m tests.own_rules.rules_table"


@pytest.fixture
def settings(tmp_path):
    config = tmp_path / "rules.toml"
    config.write_text(example(), encoding="utf-8")
    return load_settings(config, runs_dir=str(tmp_path / "runs"), workers=1, lang="en")


def findings(session):
    lines = session.folder.findings.read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    return [(f["row"], f["rule"], f["severity"]) for f in told]


def test_the_example_does_what_the_page_says(settings, tmp_path):
    file = tmp_path / "c.csv"
    file.write_text(
        HEADER
        + "Awa Sow,+237670000001,C0001,Akwa,31/01/2026,Douala,A\n"
        + "Ben Eto,+237680000002,C0001,Bonapriso,2026-01-31,Douala,A\n"
        + "Clo Ngo,+237690000003,X1,Paris,31/12/2024,Kribi,B\n"
        + "Dina Fon,+237670000004,,,,,\n",
        encoding="utf-8",
    )
    session = check(settings, FileRequest(str(file)))
    assert session.summary.rows == {
        "read": 4, "accepted": 2, "merged": 0, "rejected": 2, "review": 0,
    }  # fmt: skip
    assert [
        f
        for f in findings(session)
        if f[1] in ("known_shop", "customer_code", "last_sale")
    ] == [
        (3, "known_shop", "warning"),
        (3, "customer_code", "error"),
        (3, "last_sale", "error"),
        (4, "known_shop", "warning"),
        (2, "customer_code", "error"),
    ]
    rejected = (session.folder.path / "rejected.csv").read_text(encoding="utf-8-sig")
    assert "holds the value of row 1 again" in rejected
    told = session.summary.reading["columns"]
    roles = {c["column"]: c["role"] for c in told}
    assert (roles["Ville"], roles["Segment"]) == ("metadata.city", "unused")
    assert session.summary.reading["own_rules"]["known_shop"] == "Boutique"


def test_a_share_beyond_its_limit_refuses_the_check(settings, tmp_path):
    file = tmp_path / "c.csv"
    lines = [
        f"Awa Sow,+2376700000{n:02d},C{n:04d},Paris,2026-01-31,Douala,A\n"
        for n in range(20)
    ]
    file.write_text(HEADER + "".join(lines), encoding="utf-8")
    with pytest.raises(RefusedError) as caught:
        check(settings, FileRequest(str(file)))
    assert "rule_share.known_shop is 100.0%, limit 50.0%" in caught.value.message
    (told,) = (tmp_path / "runs").glob("*/summary.json")
    summary = json.loads(told.read_text(encoding="utf-8"))
    assert (summary["state"], summary["exit_code"]) == ("refused", 4)
    assert summary["guards"][0] == {
        "name": "rule_share.known_shop",
        "value": 1.0,
        "limit": 0.5,
        "refused": True,
        "passed_by": None,
    }
    assert (told.parent / "outcomes.parquet").exists()


def test_the_template_of_the_example(settings, tmp_path):
    headers = write_template(settings, tmp_path / "t.xlsx")
    assert headers == [
        "Name", "E-mail", "Phone", "Country", "Code client", "Boutique", "Dernier achat",
    ]  # fmt: skip
