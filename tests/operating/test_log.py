"""`run.log`: JSON lines with event names, and the manual names each of them."""

import ast
import json
import re
from pathlib import Path

from tests.runs.conftest import no_page, world  # noqa: F401 - fixtures
from tests.runs.world import AWA, BEN

ROOT = Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs" / "operating.md"


def told():
    """Event -> what the manual says that it comes with."""
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]* \| ([^|]*)\|$", MANUAL.read_text("utf-8"), re.MULTILINE
    )
    return {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows}


def written():
    """Event -> keywords of every call that writes it."""
    found = {}
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_event = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "event"
                and "log" in ast.unparse(node.func.value)
            )
            if is_event:
                asked = {"requests", "seconds_waited"}
                for keyword in node.keywords:
                    names = {keyword.arg} if keyword.arg else asked
                    found.setdefault(node.args[0].value, set()).update(names)
                found.setdefault(node.args[0].value, set())
    return found


def test_the_manual_names_every_event_and_its_fields():
    assert told() == written()


def test_every_line_is_json_with_time_run_and_event(world):
    here = world()
    run = here.bring([AWA, BEN])
    text = (here.folder / "runs" / run.summary["run_id"] / "run.log").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines if line["event"] != "progress"] == [
        "run_started",
        "file_read",
        "planned",
        "run_ended",
    ]
    for line in lines:
        assert line["run"] == run.summary["run_id"]
        assert line["at"].endswith("+00:00")
        assert set(line) - {"at", "run", "event"} <= told()[line["event"]]
    assert not [value for value in (*AWA, *BEN) if value in text]
