"""`--deliverability`: the distinct domains are asked for once, in bounded time."""

import json
import socket
import stat
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from pipeline.runs import deliverability
from pipeline.runs.deliverability import dns_asker, look_up_domains
from pipeline.runs.session import new_session, running
from pipeline.settings import Settings


@pytest.fixture
def session(tmp_path):
    made = new_session(
        Settings(_env_file=None, runs_dir=str(tmp_path), workers=1, lang="en"),
        "check",
        "c.csv",
    )
    yield made
    made.log.close()


def staged(bench, emails):
    bench.table("prepared", [("row", "BIGINT"), ("email", "VARCHAR")])
    for row, email in enumerate(emails, 1):
        bench.con.execute("INSERT INTO prepared VALUES (?, ?)", [row, email])


def looked_up(session, emails, ask, **more):
    with session.bench() as bench:
        staged(bench, emails)
        look_up_domains(session, bench, ask, **more)
    session.flush_notes()
    lines = session.folder.findings.read_text(encoding="utf-8").splitlines()
    session.folder.findings.unlink()
    return [(f["row"], f["rule"]) for f in map(json.loads, lines)]


EMAILS = ["a@good.example", "b@Bad.example", None, "c@bad.example", "d@dark.example"]
TAKES = {"good.example": True, "bad.example": False, "dark.example": None}


def test_each_domain_is_asked_once_and_remembered(session):
    asked = []

    def ask(domain):
        asked.append(domain)
        return TAKES[domain]

    said = [
        (2, "email_domain_undeliverable"),
        (4, "email_domain_undeliverable"),
        (0, "deliverability_unknown"),
    ]
    assert looked_up(session, EMAILS, ask) == said
    assert sorted(asked) == sorted(TAKES)
    assert session.summary.extra["deliverability"] == {
        "domains": 3, "asked": 3, "undeliverable": 1, "unknown": 1,
    }  # fmt: skip
    file = session.folder.root / "domains.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    asked.clear()
    assert looked_up(session, EMAILS, ask) == said
    assert asked == ["dark.example"]


def test_without_e_mails_nobody_is_asked(session):
    assert looked_up(session, [None], pytest.fail) == []


def test_an_old_or_damaged_memory_is_asked_again(session):
    file = session.folder.root / "domains.json"
    for text in ('{"bad.example": [false, 5]}', "{", "[1]", '{"a": 3}'):
        file.write_text(text, encoding="utf-8")
        asked = []
        looked_up(session, ["a@bad.example"], lambda d, a=asked: a.append(d))
        assert asked == ["bad.example"]


def test_time_is_bounded(session):
    gate = threading.Event()

    def ask(domain):
        return True if domain == "good.example" else gate.wait(30) and None

    try:
        said = looked_up(session, EMAILS, ask, seconds=0.2)
    finally:
        gate.set()
    assert said == [(0, "deliverability_unknown")]


def test_their_number_is_bounded(session, monkeypatch):
    monkeypatch.setattr(deliverability, "MOST_DOMAINS", 1)
    asked = []
    looked_up(session, [*EMAILS, "e@bad.example"], asked.append)
    assert asked == ["bad.example"]


ZONE = {
    ("mail.example", "MX"): "10 mx.mail.example.",
    ("plain.example", "A"): "93.184.216.34",
    ("inner.example", "A"): "10.0.0.1",
    ("null.example", "MX"): "0 .",
    ("broken.example", "MX"): None,
}


@pytest.fixture
def resolver():
    """Return a resolver of a tiny name server on loopback."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                packet, peer = server.recvfrom(4096)
            except OSError:
                return
            if not packet:
                return
            server.sendto(answer(dns.message.from_wire(packet)).to_wire(), peer)

    thread = threading.Thread(target=serve)
    thread.start()
    made = dns.resolver.Resolver(configure=False)
    made.nameservers = ["127.0.0.1"]
    made.port = server.getsockname()[1]
    yield made
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", server.getsockname())
    thread.join()
    server.close()


def answer(query):
    told = dns.message.make_response(query)
    told.flags |= dns.flags.RA
    (asked,) = query.question
    name, kind = (
        asked.name.to_text(omit_final_dot=True),
        dns.rdatatype.to_text(asked.rdtype),
    )
    known = {domain for domain, _ in ZONE}
    if name not in known:
        told.set_rcode(dns.rcode.NXDOMAIN)
    elif (name, kind) in ZONE:
        text = ZONE[name, kind]
        if text is None:
            told.set_rcode(dns.rcode.SERVFAIL)
        else:
            told.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, text))
    return told


ANSWERS = {
    "mail.example": True,
    "plain.example": True,
    "inner.example": False,
    "null.example": False,
    "gone.example": False,
    "broken.example": None,
    "a..b": None,
}


@pytest.mark.parametrize(("domain", "takes"), ANSWERS.items(), ids=ANSWERS.keys())
def test_dns_is_understood(resolver, domain, takes):
    assert dns_asker(resolver)(domain) is takes


def test_a_run_asks_only_when_told(tmp_path, session):
    with running(session):
        assert "deliverability" not in session.summary.extra
