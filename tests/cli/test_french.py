"""What the terminal says in French is French."""

import pytest

from pipeline.cli.identity_commands import _told
from pipeline.report.words import Words
from pipeline.runs.indexing import IndexStatus
from pipeline.runs.talk import said
from pipeline.settings import Settings


@pytest.mark.parametrize(
    ("lang", "status", "line"),
    [
        ("en", IndexStatus(), "there is no index: `index refresh` makes one"),
        ("fr", IndexStatus(), "aucun index\u00a0: `index refresh` en fait un"),
        ("en", IndexStatus(1234, 5, 5400.0), "1,234 customers, listed 1.5 h ago, 5 gone"),
        (
            "fr",
            IndexStatus(1234, 5, 5400.0),
            "1\u202f234 clients, listés il y a 1,5 h, 5 disparus",
        ),
    ],
)  # fmt: skip
def test_the_index(lang, status, line):
    assert _told(status, lang) == line


def test_decisions():
    words = Words("fr")
    told = [words.text("decided", name, count=2) for name in ("same", "different")]
    assert told == ["2 identiques", "2 différents"]


def test_talk():
    french = Settings(_env_file=None, lang="fr")
    assert said(french, "going_on", run="r1") == "l'exécution interrompue r1 continue"
    assert said(french, "stopping").startswith("arrêt\u00a0: ")
