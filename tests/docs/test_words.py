"""Settings, exit codes, outcomes, guards, targets and files: all told, and all true."""

import re
from pathlib import Path

import pytest

from pipeline.plan.guards import GUARD_NAMES
from pipeline.settings import Settings
from schemas.fields import MAPPABLE
from schemas.outcomes import BOOKS, ExitCode
from tests.docs.pages import PAGES, README, ROOT, quoted, section, table, text_of

MADE = {"lang", "workers", "state_url", "state_key_file"}
"""Settings whose default depends on the machine or on another setting."""
VARIABLE = re.compile(r"(?<![A-Z_])NOTCHPAY_[A-Z]+(?:_[A-Z]+)*")


def documented():
    """Variable -> what its row says of the default."""
    return {quoted(line[0])[0]: line[1] for line in table("## Settings")}


def default_of(field):
    value = field.get_default(call_default_factory=False)
    if value is None or value == ():
        return "none"
    if isinstance(value, float) and value.is_integer() and value != 1:
        value = int(value)
    return f"`{value}`"


def test_every_setting_is_told_and_no_other():
    fields = {f"NOTCHPAY_{name.upper()}" for name in Settings.model_fields}
    read_apart = {
        word
        for path in (ROOT / "pipeline").rglob("*.py")
        for word in re.findall(
            r"environ(?:\.get\(|\[)\"(NOTCHPAY_[A-Z_]+)", text_of(path)
        )
    }
    assert set(documented()) == fields | read_apart


@pytest.mark.parametrize("name", sorted(Settings.model_fields.keys() - MADE))
def test_the_default_of_a_setting_is_as_told(name):
    told = documented()[f"NOTCHPAY_{name.upper()}"]
    assert told == default_of(Settings.model_fields[name])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_no_variable_that_nobody_reads(page):
    assert sorted(set(VARIABLE.findall(text_of(page))) - set(documented())) == []


def test_every_exit_code_is_told_and_no_other():
    told = {
        int(code)
        for line in table("## Exit codes")
        for code in re.findall(r"\d+", line[0])
    }
    assert told == {int(code) for code in ExitCode}


def test_every_outcome_is_told_and_no_other():
    told = {name for line in table("## The flow") for name in quoted(line[0])}
    assert told == {str(outcome) for outcome in BOOKS}
    books = " + ".join(map(str, BOOKS))
    assert f"`read = {books}`" in section("## The flow")


def test_every_field_is_told_and_no_other():
    (said,) = re.findall(r"FIELD is (.*?); COLUMN", section("### Columns"))
    assert set(quoted(said)) == {*MAPPABLE, "metadata.KEY"}


def test_every_guard_is_told_and_no_other():
    told = {
        quoted(line[0])[0].split(".")[0] for line in table("### Plan, approve, apply")
    }
    assert told == {*GUARD_NAMES, "max_kept_rate"}


def test_every_make_target_is_told_and_no_other():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)) - {"help"}
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", code_of(README)))
    assert sorted(targets - named) == [], "targets that the manual does not name"
    for page in PAGES:
        shown = set(re.findall(r"\bmake ([a-z][a-z-]*)", code_of(page)))
        assert sorted(shown - targets) == [], page.name


def code_of(page):
    """Return what stands in backticks and fences: `make` is a word of English too."""
    text = text_of(page)
    fenced = re.findall(r"```.*?```", text, re.DOTALL)
    return "\n".join(
        [*fenced, *quoted(re.sub(r"```.*?```", "", text, flags=re.DOTALL))]
    )


def test_every_page_is_within_reach_of_the_manual():
    linked = set(re.findall(r"\]\((docs/[\w.-]+\.md)", text_of(README)))
    assert linked == {f"docs/{page.name}" for page in PAGES if page != README}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        other = (page.parent / file) if file else page
        if not other.exists() or (anchor and anchor not in anchors(other)):
            broken.append(target)
    assert broken == []


def anchors(page: Path):
    heads = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_extra_of_the_project_is_in_the_manual():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = set(project["project"]["optional-dependencies"])
    assert {quoted(line[0])[0].strip("[]") for line in table("### Extras")} == extras
