"""What stands beside a file that waits."""

import pytest

from pipeline.report.receipts import approval
from pipeline.report.words import Words

GUARD = {"name": "max_reject_rate", "value": 0.5, "limit": 0.25, "refused": True}
COMMAND = "notchpay-pipeline import '/in box/a.csv' --source 'le shop'"
HOW = {
    "en": "# To approve this very plan, run this in the folder and with the environment of the inbox:",
    "fr": "# Pour approuver ce plan précis, lancez ceci dans le dossier et avec l'environnement de la boîte\u00a0:",
}


def told(digest, *guards, lang="en"):
    summary = {"run_id": "r1", "plan_digest": digest, "guards": list(guards)}
    options = ["--source", "le shop"]
    text = approval(Words(lang), "/in box/a.csv", summary, options, "it says so")
    return text.splitlines()


@pytest.mark.parametrize(
    ("lang", "why"),
    [
        ("en", "# max_reject_rate is 50%, its limit is 25%."),
        ("fr", "# max_reject_rate vaut 50\u202f%, sa limite est 25\u202f%."),
    ],
)
def test_a_guard(lang, why):
    passed = GUARD | {"name": "other", "passed_by": "--force"}
    lines = told("d1", GUARD | {"passed_by": None}, passed, lang=lang)
    assert lines[1:] == [
        why,
        HOW[lang],
        f"{COMMAND} --pass max_reject_rate --approve d1",
    ]


def test_refused_before_there_was_a_plan():
    lines = told(None, GUARD | {"passed_by": None})
    assert lines[-1].endswith("--pass max_reject_rate")


def test_another_reason():
    lines = told("d1")
    assert lines[1] == "# it says so"
    assert lines[-1].endswith("--source 'le shop' --approve d1")
