"""Whatever is wrong outside: one clear message, the next step, the exit code, no traceback."""

import os
import resource
import signal
import socket
import threading

import pytest

from tests.cli.conftest import KEY

GOOD = "Nom,E-mail,Ville\nAwa Sow,awa@example.com,Douala\n"


def write(folder, text, name="customers.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def clean(here):
    """Tell whether no run left anything in its staging folder."""
    return not list(here.rglob("staging"))


# -- the file


@pytest.mark.parametrize("command", ["check", "plan", "import"])
def test_a_missing_file(run, api, command):
    ended = run(command, "nowhere.csv")
    assert ended.code == 5
    assert "`nowhere.csv`" in ended.err
    assert "error: `nowhere.csv` does not exist" in ended.err
    assert "hint: check the path and the name" in ended.err
    assert api.count("POST") == 0


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_an_empty_file(run, here, content):
    ended = run("check", write(here, content))
    assert ended.code == 5
    assert "empty" in ended.err


def test_a_header_without_rows_is_fine_with_a_warning(run, here, api):
    file = write(here, "Nom,E-mail\n")
    for command in ("check", "plan", "import"):
        ended = run(command, file, "--json")
        assert ended.code == 0, ended.err
        assert ended.json["rows"]["read"] == 0
        assert ended.json["findings"]["no_rows"] == 1
    assert "no rows" in run("check", file).out
    assert api.count("POST") == 0


def test_a_file_without_usable_columns_lists_its_headers(run, here):
    ended = run("check", write(here, "Produit,Prix\nSavon,500\n"))
    assert ended.code == 5
    assert "Produit" in ended.err
    assert "Prix" in ended.err
    assert "--map" in ended.err


def test_headers_that_are_contacts_are_shown_masked(run, here):
    ended = run(
        "check", write(here, "Savon,awa@example.org,+237670000001,x\n1,2,3,4\n")
    )
    assert "awa@example.org" not in ended.said
    assert "670000001" not in ended.said


def test_a_folder_instead_of_a_file(run, here):
    ended = run("check", here)
    assert ended.code == 5
    assert "folder" in ended.err or "directory" in ended.err


def test_a_file_nobody_may_read(run, here):
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    file = write(here, GOOD)
    file.chmod(0)
    assert run("check", file).code == 5


def test_a_file_that_is_something_else(run, here):
    ended = run("check", write(here, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8))
    assert ended.code == 5
    assert "hint" in ended.err


# -- the command line


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["check", "c.csv", "--nope"], "--nope"),
        (["frobnicate"], "frobnicate"),
        (["check"], "FILE"),
        (["check", "c.csv", "--map", "email"], "email"),
        (["check", "c.csv", "--map", "mail=E-mail"], "mail"),
        (["check", "c.csv", "--map", "email=Courrier"], "Courrier"),
        (["check", "c.csv", "--metadata", "Nowhere"], "Nowhere"),
        (["check", "c.csv", "--dedupe", "fuzzy"], "fuzzy"),
        (["check", "c.csv", "--prefer", "mine"], "mine"),
        (["plan", "c.csv", "--only", "delete"], "delete"),
        (["plan", "c.csv", "--pass", "all"], "all"),
        (["plan", "c.csv", "--limit", "-1"], "--limit"),
        (["export", "everything"], "everything"),
        (["export", "--format", "avro"], "avro"),
        (["plan", "c.csv", "--limit", "many"], "--limit"),
        (["plan", "c.csv", "--max-duration", "soon"], "soon"),
        (["plan", "c.csv", "--window", "night"], "night"),
        (["export", "--month", "2026-13"], "2026-13"),
        (["export", "--since", "yesterday"], "yesterday"),
        (["export", "--export-mode", "rw"], "rw"),
        (["resume", "../../etc"], "../../etc"),
        (["undo", "no-such-run"], "no-such-run"),
    ],
)
def test_a_wrong_command_line(run, here, api, argv, said):
    write(here, GOOD, "c.csv")
    ended = run(*argv)
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert ended.out == ""
    assert api.count("POST") == 0


@pytest.mark.parametrize("option", ["--delimiter", "--encoding"])
def test_an_option_of_reading_that_does_not_fit(run, here, option):
    ended = run("check", write(here, GOOD), option, "utf-99")
    assert ended.code in (2, 5)
    assert "utf-99" in ended.err


# -- the API


def test_no_key(run, here):
    ended = run("import", write(here, GOOD))
    assert ended.code == 5
    assert ended.err == (
        "error: no API key is set\n\nhint: set `NOTCHPAY_API_KEY` or"
        " `NOTCHPAY_API_KEY_FILE` (the public key, without `Bearer`); `make demo` needs none\n"
    )
    for command in ("plan", "export"):
        argv = [command] if command == "export" else [command, write(here, GOOD)]
        assert run(*argv).code == 5


def test_a_wrong_key(run, here, api):
    api.o.keys_refused = (KEY,)
    ended = run("import", write(here, GOOD))
    assert ended.code == 5
    assert "401" in ended.err
    assert "hint" in ended.err
    assert KEY not in ended.said
    assert api.count("POST") == 0


def test_an_unreachable_host(run, here, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("NOTCHPAY_BASE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("NOTCHPAY_API_KEY", KEY)
    ended = run("import", write(here, GOOD))
    assert ended.code == 5
    assert f"127.0.0.1:{port}" in ended.err
    assert "hint" in ended.err


@pytest.fixture
def page():
    """Serve an HTML page to every request."""
    server = socket.create_server(("127.0.0.1", 0))
    body = b"<html><body>Welcome to nginx</body></html>"
    answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
        b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )

    def serve():
        while True:
            try:
                link, _ = server.accept()
            except OSError:
                return
            with link:
                link.recv(65536)
                link.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_a_server_that_answers_html(run, here, page, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_BASE_URL", page)
    monkeypatch.setenv("NOTCHPAY_API_KEY", KEY)
    for argv in (["import", write(here, GOOD)], ["export"]):
        ended = run(*argv)
        assert ended.code == 5, ended.err
        assert "hint" in ended.err
        assert "nginx" not in ended.out
    assert not list((here / "exports").glob("*/_SUCCESS"))


def test_plain_http_to_another_host(run, here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_BASE_URL", "http://api.example.com")
    monkeypatch.setenv("NOTCHPAY_API_KEY", KEY)
    ended = run("import", write(here, GOOD))
    assert ended.code == 5
    assert "plain http" in ended.err


# -- the disk


@pytest.fixture
def small_disk():
    """Let no file of this process grow beyond 4 KB."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal_before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)
    signal.signal(signal.SIGXFSZ, signal_before)


def test_a_disk_that_is_full(run, here, api, request):
    file = write(
        here, "Nom,E-mail\n" + "".join(f"N{i},p{i}@example.com\n" for i in range(900))
    )
    request.getfixturevalue("small_disk")
    for command in ("check", "import"):
        ended = run(command, file)
        assert ended.code == 5, ended.err
        assert "error: " in ended.err
        assert "hint" in ended.err
    assert api.count("POST") == 0
    assert clean(here)
    assert not list(here.rglob("outcomes.parquet"))


def test_a_runs_folder_that_is_a_file(run, here, monkeypatch):
    write(here, "not a folder", "runs")
    ended = run("check", write(here, GOOD))
    assert ended.code == 5
    assert "runs" in ended.err
    assert "hint" in ended.err


def test_a_state_database_that_is_none(run, here, api, monkeypatch):
    write(here, "Lorem ipsum dolor sit amet " * 50, "state.db")
    monkeypatch.setenv("NOTCHPAY_STATE_URL", f"sqlite:///{here}/state.db")
    ended = run("import", write(here, GOOD))
    assert ended.code == 5
    assert "state" in ended.err
    assert api.count("POST") == 0


@pytest.mark.parametrize(
    "url", ["postgres:what", "mongodb://x/y", "sqlite:////proc/nowhere/x.db"]
)
def test_a_state_url_that_leads_nowhere(run, here, api, monkeypatch, url):
    monkeypatch.setenv("NOTCHPAY_STATE_URL", url)
    ended = run("import", write(here, GOOD))
    assert ended.code == 5, ended.err
    assert "hint: " in ended.err


def test_a_remote_runs_folder_needs_a_state_url(run, here, api, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", "s3://bucket/runs")
    ended = run("import", write(here, GOOD))
    assert ended.code == 5
    assert "NOTCHPAY_STATE_URL" in ended.err
