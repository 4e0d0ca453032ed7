"""`doctor` finds each of the likely mistakes of a set-up, and says what to mend."""

import datetime as dt
import http.server
import ipaddress
import json
import os
import ssl
import tempfile
import threading
import time
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.runs import doctor, doctor_places
from pipeline.runs.doctor import examine
from pipeline.runs.looks import Health
from pipeline.settings import load_settings
from tests.servers.odd import OddServer

KEY = "pk_test.SecretOfTheShop42"


@pytest.fixture
def server():
    with OddServer() as running:
        yield running


@pytest.fixture
def here(tmp_path, monkeypatch, server):
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "API_KEY": KEY,
        "BASE_URL": server.url,
        "RATE": "off",
        "LANG": "en",
        "RUNS_DIR": str(tmp_path / "runs"),
        "EXPORTS_DIR": str(tmp_path / "exports"),
        "TIMEOUT": "5",
    }.items():
        monkeypatch.setenv(f"NOTCHPAY_{name}", value)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return tmp_path


def looks(health=None):
    """Return name -> look of what is not good, or of one health."""
    found = examine(load_settings())
    for look in found:
        assert KEY not in f"{look}"
        assert look.hint or look.health is Health.GOOD
    return {
        look.name: look
        for look in found
        if (look.health is health if health else look.health is not Health.GOOD)
    }


def test_all_is_well(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_RATE", "100/60")
    monkeypatch.setenv("NOTCHPAY_TIMEZONE", "UTC")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        assert looks() == {}
        good = looks(Health.GOOD)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert list(good) == [
        "key", "pace", "API", "state database", "time zone", "runs folder",
        "exports folder",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("Bearer pk_test.x", "begins with `Bearer`"),
        ("sk_test.x", "looks like a private key"),
        ("hsk_test.x", "looks like a private key"),
        ("sk.live", "looks like a private key"),
        ("'pk_test.x'", "holds blanks or quotes"),
        ("pk_test x", "holds blanks or quotes"),
    ],
)
def test_a_wrong_key(here, monkeypatch, key, said):
    monkeypatch.setenv("NOTCHPAY_API_KEY", key)
    bad = looks(Health.BAD)
    assert said in bad["key"].text
    assert key not in bad["key"].text


def test_no_key(here, monkeypatch):
    monkeypatch.delenv("NOTCHPAY_API_KEY")
    assert looks(Health.BAD)["key"].text == "no API key is set"


def test_a_refused_key(here, monkeypatch):
    with OddServer(keys_refused=(KEY,)) as server:
        monkeypatch.setenv("NOTCHPAY_BASE_URL", server.url)
        assert "key" in looks(Health.BAD)["API"].text


def test_a_key_file_others_may_read(here, monkeypatch):
    path = here / "api.key"
    path.write_text(KEY)
    path.chmod(0o644)
    monkeypatch.delenv("NOTCHPAY_API_KEY")
    monkeypatch.setenv("NOTCHPAY_API_KEY_FILE", str(path))
    assert looks()["key file"].hint == f"chmod 600 {path}"


@pytest.mark.parametrize(
    ("name", "env", "is_told"),
    [("import", "live", True), ("import", "test", False), ("check", "live", False)],
)
def test_a_test_key_against_live_data(here, name, env, is_told):
    run = here / "runs" / "20261101T000000Z-0001234"
    run.mkdir(parents=True, mode=0o700)
    told = {"run_id": run.name, "command": name, "env": env, "state": "finished"}
    (run / "summary.json").write_text(json.dumps(told))
    (here / "runs").chmod(0o700)
    found = looks()
    assert ("data" in found) is is_told
    if is_told:
        assert found["data"].text == (
            f"this is a test key, but the newest import here ({run.name}) went to live data"
        )


def test_a_key_of_another_environment_than_expected(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_EXPECT_ENV", "live")
    assert "NOTCHPAY_EXPECT_ENV" in looks(Health.BAD)["API"].text


class Web(http.server.BaseHTTPRequestHandler):
    """Answers any HEAD; `ahead` seconds are in the date it tells."""

    ahead = 0

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.ahead)

    def log_message(self, *_):
        pass


def serving(handler, context=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    return server, thread


@pytest.mark.parametrize(("ahead", "health"), [(0, Health.GOOD), (-3600, Health.DOUBT)])
def test_the_clock(here, monkeypatch, ahead, health):
    server, thread = serving(type("Late", (Web,), {"ahead": ahead}))
    monkeypatch.setenv("NOTCHPAY_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    try:
        (look,) = doctor._web(load_settings())
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert (look.name, look.health) == ("clock", health)
    if ahead:
        assert "differs by +36" in look.text


def test_an_api_that_tells_no_time_or_is_not_there(here, monkeypatch):
    assert list(doctor._clock("")) == []
    monkeypatch.setenv("NOTCHPAY_BASE_URL", "http://127.0.0.1:9")
    assert list(doctor._web(load_settings())) == []
    assert looks(Health.BAD)["API"].hint


@pytest.fixture
def certificate(tmp_path):
    """Return certificate and key of a server at 127.0.0.1 that nobody trusts."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem


def test_a_certificate_nobody_trusts(here, monkeypatch, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server, thread = serving(Web, context)
    url = f"https://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NOTCHPAY_BASE_URL", url)
    try:
        found = looks(Health.BAD)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert found["certificate"].text.startswith(
        "that of `127.0.0.1` is not trusted here: "
    )
    assert "SSL_CERT_FILE" in found["certificate"].hint
    assert "API" in found


def test_a_proxy(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_BASE_URL", "https://api.example.com")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass@proxy.example.com:3128")
    (look,) = doctor._proxy(load_settings())
    assert look.text == "requests go through the proxy `proxy.example.com`"
    monkeypatch.setenv("NO_PROXY", "api.example.com")
    assert list(doctor._proxy(load_settings())) == []


def test_a_proxy_is_not_asked_for_this_machine(here, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert "proxy" not in looks()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://x/y",
        "postgresql+psycopg://u:s3cret@127.0.0.1:9/x",
        "sqlite:////proc/x/y.db",
    ],
)
def test_a_database_that_cannot_be_used(here, monkeypatch, url):
    monkeypatch.setenv("NOTCHPAY_STATE_URL", url)
    look = looks(Health.BAD)["state database"]
    assert "s3cret" not in f"{look}"


def test_a_damaged_database(here):
    (here / "runs").mkdir(mode=0o700)
    path = here / "runs" / "state.db"
    path.write_text("this is no database" * 1000)
    path.chmod(0o600)
    assert "state database" in looks(Health.BAD)


def test_a_time_zone_that_is_not_the_machines(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_TIMEZONE", "Asia/Tokyo")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    try:
        look = looks()["time zone"]
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert "`Asia/Tokyo`" in look.text
    assert "cron" in look.hint


def test_a_time_zone_nobody_knows(here, monkeypatch, capfd):
    monkeypatch.setenv("NOTCHPAY_TIMEZONE", "Africa/Duala")
    assert main(["doctor"]) == 5
    assert capfd.readouterr().err == (
        "error: the setting `NOTCHPAY_TIMEZONE`: is not a time zone name such as"
        " Africa/Douala\n"
    )


def test_little_room(here, monkeypatch):
    monkeypatch.setattr(doctor_places, "LOW_DISK", 10**18)
    assert "MB are free at" in looks()["runs folder"].text


def test_a_folder_that_is_a_file(here, monkeypatch):
    (here / "runs").write_text("")
    monkeypatch.setenv("NOTCHPAY_STATE_URL", f"sqlite:///{here}/elsewhere.db")
    assert looks(Health.BAD)["runs folder"].text.endswith("is no folder")


def test_a_folder_of_somebody_else(here, monkeypatch):
    top = Path(tempfile.mkdtemp())  # pytest's own folder is closed to others
    top.chmod(0o555)
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", str(top / "runs"))
    settings = load_settings()
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        look = next(doctor_places._disk(settings))
    finally:
        if was == 0:
            os.seteuid(was)
        top.rmdir()
    assert look.text == f"`{top}` cannot be written"


def test_what_others_may_read(here, monkeypatch):
    (here / "runs").mkdir()
    (here / "runs").chmod(0o755)
    (here / ".env").write_text("")
    (here / ".env").chmod(0o644)
    monkeypatch.delenv("NOTCHPAY_NO_ENV_FILE")
    found = [look.hint for look in doctor_places._open_to_others(load_settings())]
    assert found == [f"chmod 700 {here / 'runs'}", "chmod 600 .env"]


def test_a_relative_runs_folder_under_cron(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", "runs")
    look = looks()["NOTCHPAY_RUNS_DIR"]
    assert "is relative" in look.text
    assert look.hint.endswith(f"name it whole, as {Path.cwd() / 'runs'}")


@pytest.mark.parametrize("rate", ["off", "fast"])
def test_the_pace(here, monkeypatch, rate):
    monkeypatch.setenv("NOTCHPAY_RATE", rate)
    health = Health.DOUBT if rate == "off" else Health.BAD
    assert "pace" in looks(health)


def test_a_remote_runs_folder_needs_a_database(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", "s3://bucket/runs")
    assert "NOTCHPAY_STATE_URL" in looks(Health.BAD)["state database"].hint


def test_notifications_show_the_host_only(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_NOTIFY_URL", "https://hooks.example.com/t0ken")
    assert looks(Health.GOOD)["notifications"].text == (
        "counts of runs go to `hooks.example.com`"
    )


def test_the_command(here, monkeypatch, capfd):
    assert main(["doctor"]) == 0
    out = capfd.readouterr().out
    assert "ok key: a key is set; it looks like a test key" in " ".join(out.split())
    assert KEY not in out
    assert main(["doctor", "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")
    monkeypatch.setenv("NOTCHPAY_API_KEY", "Bearer pk_test.x")
    assert main(["doctor", "--quiet"]) == 5
    assert capfd.readouterr().out.startswith("NO key: the key begins with `Bearer`\n")
    assert main(["doctor", "--json"]) == 5
    told = json.loads(capfd.readouterr().out)
    assert set(told[0]) == {"name", "health", "text", "hint"}
