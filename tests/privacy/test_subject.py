"""A person's rights: found everywhere, handed out, erased for good, kept out."""

import csv
import json
import shutil
import stat

import pyarrow.parquet as pq
import pytest

from pipeline.cli import main
from tests.cli.conftest import KEY
from tests.privacy.sweeping import found_in
from tests.servers.echo import EchoServer
from tests.servers.odd import OddServer

EMAIL, PHONE, NAME = (
    "awandeline@sowmba.example.com",
    "+237670000041",
    "Awandeline Sowmba",
)
SETTINGS = {
    "NOTCHPAY_NO_ENV_FILE": "1",
    "NOTCHPAY_API_KEY": KEY,
    "NOTCHPAY_RATE": "off",
    "NOTCHPAY_LANG": "en",
    "NOTCHPAY_WORKERS": "1",
    "NOTCHPAY_SETTLE_SECONDS": "0",
}
PAYMENT = {
    "reference": "trx.1",
    "amount": 5000,
    "currency": "XAF",
    "status": "complete",
    "description": f"Order of {NAME}",
    "phone": PHONE,
    "created_at": "2026-03-04T10:00:00Z",
    "metadata": {"payer": {"name": NAME}, "order": "A-7"},
}
CLEAR = ("awandeline", "sowmba", "670000041", "6 70 00 00 41", "Zoetele")
HEADER = "Nom,E-mail,Téléphone,Ville"
ROWS = [
    f"{NAME},{EMAIL},{PHONE},Zoetele",
    "Benjamas Fotsofa,benjamas@fotsofa.example.com,+237680000042,Yokadouma",
    "SOWMBA  Awandeline,AWANDELINE@Sowmba.example.com,6 70 00 00 41,Zoetele",
    "Sowmba Awandeline,,12345,Zoetele",
    "Dieudonna Essombe,,,Mbalmayo",
    "Estellina Mballata,estellina@mballata.example.com,,Bafoussam",
]


def write(path, rows=ROWS):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return (folder, server) after the person went through everything there is."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch, OddServer() as server:
        settle(patch, folder, server)
        server._store({"name": "sowmba awandeline", "email": EMAIL, "phone": PHONE})
        (own,) = server.customers
        server.payments.append(PAYMENT | {"customer": own})
        file = write(folder / "customers.csv")
        for argv in (
            ["check", file],
            ["plan", file],
            ["import", file, "--prefer", "file"],
            ["export", "payments", "--csv", "--xlsx", "--month", "2026-03"],
            ["export"],
        ):
            assert main([str(arg) for arg in [*argv, "--quiet"]]) in (0, 3)
        for name in ("done", "failed", "waiting", "outbox"):
            write(folder / "inbox" / name / f"{name}.csv")
        return folder, server


@pytest.fixture(autouse=True)
def no_page(monkeypatch):
    """Draw no page in the tests' own runs: that of `world` is enough."""
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)


def settle(patch, folder, server):
    patch.chdir(folder)
    for name, value in {**SETTINGS, "NOTCHPAY_BASE_URL": server.url}.items():
        patch.setenv(name, value)


@pytest.fixture
def held(world, here, monkeypatch):
    """Return a server and a folder of one's own that are as `world` left them."""
    folder, before = world
    shutil.copytree(folder, here, dirs_exist_ok=True, symlinks=True)
    port = int(before.url.rpartition(":")[2])
    customers = [dict(customer) for customer in before.customers.values()]
    with OddServer(port=port, customers=customers, payments=before.payments) as server:
        settle(monkeypatch, here, server)
        yield server


def person(*more):
    return ["--email", EMAIL, *more]


def erased(run, *more):
    plan = run("subject", "erase", *person(*more), "--json")
    assert plan.code == 0, plan.said
    done = run(
        "subject", "erase", *person(*more), "--approve", plan.json["digest"], "--json"
    )
    assert done.code == 0, done.said
    return done.json


def test_find_tells_places_and_counts_and_nobody(run, here, held):
    ended = run("subject", "find", "--phone", "00237 6 70 00 00 41", "--inbox", "inbox")
    assert ended.code == 0
    shown = [word for word in (*CLEAR, EMAIL) if word.lower() in ended.said.lower()]
    assert not shown
    told = run("subject", "find", *person(), "--inbox", "inbox", "--json").json
    assert {f["place"] for f in told["files"]} == {"runs", "exports", "inbox"}
    names = {f["file"].rpartition("/")[2] for f in told["files"]}
    assert {"plan.parquet", "rejected.csv", "findings.jsonl", "done.csv"} <= names
    assert told["customers"] == 1
    assert told["payments"] == 1
    assert sum(told["writes"].values()) >= 1


def test_nothing_in_clear_is_left_and_books_balance(run, here, held):
    before = {p: books(p) for p in (here / "runs").glob("*/summary.json")}
    rows = {
        p: pq.read_metadata(p).num_rows for p in (here / "exports").rglob("*.parquet")
    }
    assert found_in(here / "runs", CLEAR)
    assert found_in(here / "exports", CLEAR)
    proof = erased(run, "--inbox", "inbox", "--reason", "request of 3 March")
    assert proof["left"] == 0
    is_proved(here, proof)
    assert proof["customers_deleted"] == 1
    assert found_in(here / "runs", CLEAR) == []
    assert found_in(here / "exports", CLEAR) == []
    assert found_in(here / "inbox", ("awandeline", "sowmba", "670000041")) == []
    assert {p: books(p) for p in before} == before
    for path, count in rows.items():
        assert pq.read_metadata(path).num_rows == count
    assert found_in(here / "runs", ["benjamas"])
    assert found_in(here / "exports", ["benjamas"])
    kept = (here / "inbox" / "done" / "done.csv").read_text()
    assert "benjamas@fotsofa.example.com" in kept
    assert not held.customers.keys() & {"cus.1"}


def is_proved(here, proof):
    (path,) = (here / "runs" / "erasures").glob("*.json")
    assert json.loads(path.read_text()) == proof
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(proof["keys"]) == 2
    assert proof["reason"] == "request of 3 March"


def books(summary):
    told = json.loads(summary.read_text())
    outcomes = summary.with_name("outcomes.parquet")
    if not outcomes.exists():
        return told["rows"]
    found = pq.read_table(outcomes)["outcome"].to_pylist()
    counts = {name: found.count(name) for name in set(found)}
    told_rows = {k: v for k, v in told["rows"].items() if v and k != "read"}
    assert counts == told_rows
    assert sum(counts.values()) == told["rows"]["read"]
    lines = {}
    for name in ("rejected", "review", "failed", "not_attempted"):
        path = summary.with_name(f"{name}.csv")
        if path.exists():
            with path.open(encoding="utf-8-sig", newline="") as file:
                lines[name] = len(list(csv.reader(file))) - 1
    assert all(counts[name] == count for name, count in lines.items())
    return told["rows"], lines


def test_payments_stay_and_manifests_are_true(run, here, held):
    erased(run)
    for manifest in (here / "exports").glob("*/manifest.json"):
        told = json.loads(manifest.read_text())
        for table in told["tables"].values():
            for file in table["files"]:
                path = manifest.parent / file["path"]
                assert path.stat().st_size == file["bytes"]
        if "payments" in told["tables"]:
            assert told["tables"]["payments"]["rows"] == 1
            assert told["erased"]
    (path,) = (here / "exports" / "latest" / "payments").rglob("*.parquet")
    (payment,) = pq.read_table(path).to_pylist()
    assert payment["reference"] == "trx.1"
    assert payment["amount"] == 5000
    assert json.loads(payment["metadata"]) == {"order": "A-7"}


def test_the_person_is_not_created_again(run, here, held):
    erased(run)
    people = len(held.customers)
    again = run("import", write(here / "again.csv"), "--json", "--source", "again")
    assert again.code == 3, again.said
    assert held.count("POST", "/customers") == 0 or len(held.customers) == people
    run_folder = here / "runs" / again.json["run_id"]
    told = pq.read_table(run_folder / "outcomes.parquet").to_pylist()
    by_row = {line["row"]: (line["outcome"], line["rule"]) for line in told}
    assert by_row[1] == by_row[3] == ("rejected", "suppressed")
    assert again.json["findings"]["suppressed"] == 2
    assert EMAIL not in json.dumps(held.customers, default=str).lower()
    assert found_in(run_folder, ("awandeline@", "670000041", "6 70 00 00 41")) == []
    for command in ("plan", "check"):
        told = run(command, here / "again.csv", "--json")
        assert told.json["findings"]["suppressed"] == 2


@pytest.mark.slow
def test_a_person_in_any_spelling_is_kept_out(run, here, held):
    erased(run)
    rows = [
        "A. S.,,00237670000041,Kribi",
        "Somebody,x@example.com,670.000.041,Kribi",
        "Awandeline,Awandeline@SOWMBA.example.com,699000001,Kribi",
        "Bad,,+237 670000041 / 12,Kribi",
    ]
    ended = run("import", write(here / "new.csv", rows), "--force", "--json")
    assert ended.json["rows"]["rejected"] == 4
    assert ended.json["findings"]["suppressed"] >= 3
    told = run("subject", "readmit", *person("--phone", PHONE), "--json")
    assert told.json == {"keys": 2}
    assert run("import", here / "new.csv", "--json", "--force").json["rows"]["created"]


def test_a_plan_that_is_not_approved_changes_nothing(run, here, held):
    files = {p: p.read_bytes() for p in here.rglob("*.parquet")}
    ended = run("subject", "erase", *person(), "--approve", "0" * 64)
    assert ended.code == 4
    assert "nothing was changed" in ended.err
    assert {p: p.read_bytes() for p in files} == files
    plan = run("subject", "erase", *person(), "--json").json
    assert run("subject", "erase", *person(), "--json").json["digest"] == plan["digest"]
    assert len(held.customers) == 3


@pytest.mark.parametrize("status", [422, 403])
def test_an_api_that_does_not_delete_is_asked_again(run, here, monkeypatch, status):
    own = {"id": "cus.1", "name": NAME, "email": EMAIL, "phone": PHONE}
    with EchoServer({"DELETE": (status, "json")}, [own]) as server:
        settle(monkeypatch, here, server)
        plan = run("subject", "erase", *person(), "--json").json
        assert plan["customers_to_delete"] == 1
        argv = ("subject", "erase", *person(), "--approve", plan["digest"], "--json")
        done = run(*argv)
        assert done.code == 3, done.said
        assert (done.json["customers_deleted"], done.json["customers_left"]) == (0, 1)
        assert "awandeline" not in done.said.lower()
        server.answers = {}
        assert run(*argv).json["customers_deleted"] == 1


def test_export_hands_out_everything_and_nobody_else(run, here, held):
    ended = run("subject", "export", *person("--inbox", "inbox"), "--out", "answer")
    assert ended.code == 0, ended.said
    folder = here / "answer"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    texts = ""
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        texts += path.read_text(encoding="utf-8-sig")
    assert EMAIL in texts
    assert "trx.1" in texts
    assert "benjamas" not in texts.lower()
    assert run("subject", "export", *person(), "--out", "answer").code == 2


def test_a_shared_phone_does_not_erase_the_family(run, here, api):
    rows = [
        f"{NAME},{EMAIL},{PHONE},Zoetele",
        f"Boniface Tchoupo,boniface@tchoupo.example.com,{PHONE},Kribi",
    ]
    assert run("import", write(here / "c.csv", rows)).code == 0
    refused = run("subject", "erase", "--phone", PHONE)
    assert refused.code == 4
    assert "2 people" in refused.err
    erased(run)
    (left,) = api.customers.values()
    assert left["name"] == "Boniface Tchoupo"
    assert found_in(here / "runs", ("awandeline", "sowmba")) == []
    assert found_in(here / "runs", ["boniface"])
    again = run("import", here / "c.csv", "--source", "again", "--json")
    assert again.json["rows"]["rejected"] == 1
    assert again.json["rows"]["unchanged"] == 1


def test_nobody_named_and_nobody_found(run, here, api):
    assert run("subject", "find").code == 2
    assert run("subject", "find", *person(), "--offline").code == 0
    assert "nothing is held" in run("subject", "find", *person()).out
    assert run("subject", "erase", *person(), "--offline", "--approve", "x").code in (
        4,
        5,
    )


@pytest.mark.slow
def test_runs_and_exports_in_a_store(run, here, api, monkeypatch):
    """What lies in a bucket is brought, searched and sent back."""
    import fsspec

    store = f"memory://shop-{here.name}"
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", f"{store}/runs")
    monkeypatch.setenv("NOTCHPAY_EXPORTS_DIR", f"{store}/exports")
    monkeypatch.setenv("NOTCHPAY_STATE_URL", f"sqlite:///{here}/state/state.db")
    assert run("import", write(here / "c.csv"), "--force").code == 3
    assert run("export").code == 0
    memory = fsspec.filesystem("memory")

    def copied(name):
        for path in memory.find(f"/shop-{here.name}"):
            target = here / name / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(memory.cat_file(path))
        return here / name

    assert found_in(copied("before"), CLEAR)
    proof = erased(run)
    assert proof["left"] == 0
    assert proof["files"].keys() == {"runs", "exports"}
    after = copied("after")
    assert found_in(after, CLEAR) == []
    assert found_in(here / "state", CLEAR) == []
    assert list(after.rglob("erasures/*.json"))


def test_a_run_that_can_go_on_is_not_touched(run, here, api):
    file = write(here / "c.csv")
    stopped = run("import", file, "--force", "--max-duration", "0s")
    assert stopped.code == 3, stopped.said
    refused = run("subject", "erase", *person())
    assert refused.code == 5
    assert "--abandon" in refused.err
    run_id = next((here / "runs").glob("*/staging")).parent.name
    assert run("resume", run_id, "--abandon").code in (0, 3)
    assert erased(run)["left"] == 0
    assert found_in(here / "runs", CLEAR) == []


def test_undo_leaves_the_write_of_an_erased_person_alone(run, here, api):
    file = write(here / "c.csv", ROWS[:2])
    run_id = run("import", file, "--json").json["run_id"]
    erased(run)
    ended = run("undo", run_id, "--delete-created", "--json")
    assert ended.code == 3, ended.said
    assert ended.json["rows"]["read"] == 2
    assert ended.json["rows"]["updated"] == ended.json["rows"]["review"] == 1
    table = pq.read_table(here / "runs" / ended.json["run_id"] / "outcomes.parquet")
    assert table["rule"].to_pylist() == ["erased", "deleted"]
    assert api.customers == {}
