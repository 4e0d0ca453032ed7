"""The house stands as docs/architecture.md draws it: directions, sizes, rules, starts."""

import ast
import os
import re
import string
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from schemas.rules import rules

ROOT = Path(__file__).resolve().parents[1]

LAYERS = (
    # A room may import from its own layer and from those above it in this list.
    {"pipeline.errors", "pipeline.settings", "pipeline.profiles"},
    {
        "pipeline.recognise", "pipeline.normalise", "pipeline.validate",
        "pipeline.prepare", "pipeline.dedupe", "pipeline.match", "pipeline.plan",
        "pipeline.own", "pipeline.drift", "pipeline.leaving", "pipeline.privacy",
    },
    {
        "pipeline.files", "pipeline.read", "pipeline.state", "pipeline.api",
        "pipeline.existing", "pipeline.apply", "pipeline.export", "pipeline.report",
        "pipeline.traces", "pipeline.telemetry",
    },
    {"pipeline.runs"},
    {"pipeline.cli"},
    {"pipeline.airflow"},
)  # fmt: skip
TO_ALL = {"pipeline", "pipeline.cycles", "pipeline.files.masks"}
"""Modules that import nothing of ours and may be imported by everybody."""
APART = {"pipeline.sandbox", "pipeline.__main__"}

MAX_FUNCTION = 60
MAX_MODULE = 350


@cache
def sources(top):
    """Return module name -> (path, tree) of every module below `top`."""
    found = {}
    for path in sorted((ROOT / top).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = path, ast.parse(path.read_text(encoding="utf-8"))
    return found


def modules():
    return {**sources("pipeline"), **sources("schemas")}


def imports(tree, *, late=True):
    """Return every module that `tree` imports, also inside functions (`late`)."""
    known = modules()
    nodes = ast.walk(tree) if late else ast.iter_child_nodes(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield deeper if deeper in known else node.module


def ours(name):
    return name.partition(".")[0] in ("pipeline", "schemas")


def layer(name):
    """Return the number of the layer of a module; schemas is the first."""
    if name.startswith("schemas"):
        return -1
    room = ".".join(name.split(".")[:2])
    return next((n for n, rooms in enumerate(LAYERS) if room in rooms), None)


def test_every_room_stands_in_a_layer():
    strangers = [
        name
        for name in sources("pipeline")
        if layer(name) is None
        and name not in TO_ALL
        and ".".join(name.split(".")[:2]) not in APART
    ]
    assert strangers == []


def test_imports_go_one_way():
    wrong = [
        f"{name} imports {other}"
        for name, (_, tree) in modules().items()
        for other in set(imports(tree))
        if ours(other)
        and other not in TO_ALL
        and layer(name) is not None
        and (layer(other) is None or layer(other) > layer(name))
    ]
    # The command line starts the sandbox.
    allowed = {"pipeline.cli.app imports pipeline.sandbox.serve"}
    assert sorted(set(wrong) - allowed) == []


def test_schemas_and_the_sandbox_know_schemas_only():
    for name, (_, tree) in modules().items():
        if name.startswith("schemas"):
            assert not [o for o in imports(tree) if o.startswith("pipeline")], name
        if name.startswith("pipeline.sandbox"):
            beyond = [
                o
                for o in imports(tree)
                if o.startswith("pipeline") and not o.startswith("pipeline.sandbox")
            ]
            assert not beyond, name
    assert list(imports(modules()["schemas"][1])) == []
    for name in TO_ALL:
        assert not [o for o in imports(modules()[name][1]) if ours(o)], name


def test_rooms_make_no_circle():
    """No room imports, at the top of a module, a room that imports it back."""
    edges = {}
    for name, (_, tree) in modules().items():
        for other in imports(tree, late=False):
            if ours(other) and other != name:
                edges.setdefault(name, set()).add(other)
    done, path = set(), []

    def walk(name):
        if name in path:
            circle = [*path[path.index(name) :], name]
            pytest.fail(" -> ".join(circle))
        if name in done:
            return
        path.append(name)
        for other in sorted(edges.get(name, ())):
            walk(other)
        path.pop()
        done.add(name)

    for name in sorted(edges):
        walk(name)


def test_the_core_opens_nothing():
    banned = {
        "httpx",
        "socket",
        "sqlalchemy",
        "requests",
        "urllib.request",
        "subprocess",
    }
    for name, (_, tree) in modules().items():
        if layer(name) != 1:
            continue
        assert not banned & set(imports(tree)), name
        calls = {
            node.func.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "open" not in calls, name
        clocks = {
            ast.unparse(node.func)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not clocks & {
            "datetime.now",
            "date.today",
            "time.time",
            "time.monotonic",
        }, name


def test_airflow_stays_in_its_room():
    for name, (_, tree) in modules().items():
        if not name.startswith("pipeline.airflow"):
            assert not [o for o in imports(tree) if o.partition(".")[0] == "airflow"], (
                name
            )


def test_functions_fit_in_the_head():
    long = {}
    for path, tree in modules().values():
        place = path.relative_to(ROOT).as_posix()
        if "/migrations/" in place:
            continue  # a schema is one list, however long
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            # The parameters of a command are its options, and as many as they are.
            first = node.body[0].lineno if "/cli/" in place else node.lineno
            if node.end_lineno - first >= MAX_FUNCTION:
                long[f"{place}:{node.lineno} {node.name}"] = node.end_lineno - first + 1
    assert long == {}


def test_modules_are_small_rooms():
    lengths = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8").count("\n")
        for path, _ in modules().values()
    }
    assert {p: n for p, n in lengths.items() if n > MAX_MODULE} == {}


def test_nothing_is_swallowed():
    for name, (_, tree) in modules().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or ast.unparse(node.type) in (
                "Exception",
                "BaseException",
            )
            does_nothing = all(
                isinstance(step, ast.Pass | ast.Continue) for step in node.body
            )
            assert not (broad and does_nothing), f"{name}:{node.lineno}"


def test_every_module_says_what_it_is():
    silent = [n for n, (_, tree) in modules().items() if not ast.get_docstring(tree)]
    assert silent in ([], ["pipeline.__main__"])
    assert not [n for n in modules() if n.endswith(".utils")]


def test_only_the_provider_imports_airflow():
    wrong = [
        name
        for name, (_, tree) in modules().items()
        if any(other.partition(".")[0] == "airflow" for other in set(imports(tree)))
    ]
    assert [name for name in wrong if not name.startswith("pipeline.airflow.")] == []
    assert wrong != [], "the provider does"


# -- the rules


def strings_of(name):
    return {
        node.value
        for node in ast.walk(modules()[name][1])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@cache
def all_strings():
    """Return every text of the code outside docstrings, and each word inside SQL."""
    texts = set().union(*(strings_of(name) for name in modules()))
    words = {w for t in texts if len(t) < 2000 for w in re.findall(r"'([a-z]\w+)'", t)}
    return texts | words


@pytest.mark.parametrize("name", sorted(rules()))
def test_a_rule_speaks_both_languages(name):
    told = rules()[name]
    for text in (told.en, told.fr, told.do_en, told.do_fr):
        assert text.strip() == text != ""
    assert told.en != told.fr
    fields = [
        {field for _, field, *_ in string.Formatter().parse(text) if field}
        for text in (told.en, told.fr)
    ]
    assert fields[0] == fields[1], "both languages tell the same facts"


def test_every_rule_is_used():
    texts = all_strings()
    # Some names are put together: `phone_` and what is wrong with the number.
    made = {
        f"{a}{b}" for a in ("phone_", "email_", "name_") for b in texts if len(b) < 40
    }
    # A rule of a pandera model is a method of that name.
    methods = {
        node.name
        for _, tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    unused = [name for name in rules() if name not in texts | made | methods]
    assert unused == []


def test_every_rule_named_in_code_stands_in_the_catalogue():
    """`rule="x"` and the calls that take a rule's name."""
    unknown = []
    for name, (_, tree) in modules().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            said = [k.value for k in node.keywords if k.arg == "rule"]
            if isinstance(node.func, ast.Name) and node.func.id == "rule":
                said += node.args[:1]
            for value in said:
                if isinstance(value, ast.Constant) and value.value not in (
                    None,
                    *rules(),
                ):
                    unknown.append(f"{name}: {value.value}")
    assert unknown == []


# -- starting


def started(*argv, code=None):
    """Return the modules loaded after running the command line in a fresh Python."""
    text = code or (
        "import sys\nfrom pipeline.cli import main\n"
        f"code = main({list(argv)!r})\nsys.stderr.write('\\n'.join(sys.modules))\nsys.exit(code)"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("NOTCHPAY_")}
    return subprocess.run(
        [sys.executable, "-c", text], cwd=ROOT, env=env, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip


HEAVY = {"pandas", "pandera", "pyarrow", "duckdb", "matplotlib", "numpy"}


@pytest.mark.parametrize(
    "command", [["--help"], ["--version"], ["import", "--help"], ["sandbox", "--help"]]
)
def test_help_starts_without_pandas(command):
    done = started(*command)
    assert done.returncode == 0
    assert not HEAVY & set(done.stderr.split())


def test_the_sandbox_starts_without_pandas():
    done = started(
        code="import sys\nimport pipeline.sandbox.serve, pipeline.sandbox.app\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    assert done.returncode == 0
    assert not HEAVY & set(done.stderr.split())


def test_doctor_starts_without_pandas():
    done = started("doctor", "--config", "/nowhere.toml")
    assert "error: the settings file" in done.stderr
    done = started(
        code="import sys\nimport pipeline.runs.doctor\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    assert done.returncode == 0
    assert not {"pandas", "pandera", "matplotlib"} & set(done.stderr.split())
