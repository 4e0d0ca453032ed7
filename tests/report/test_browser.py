"""The page in a real Chromium: it renders, asks for nothing, and everybody can use it."""

import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.report.page import render
from tests.report.facts import facts, summary
from tests.report.test_page import EXPORT, ZONE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    # Warnings of the browser's driver are not ours.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PAGES = {
    "import": facts(),
    "refused": facts(summary(state="refused"), timeline=()),
    "export": facts(EXPORT, files=()),
}
LOOKS = [
    (scheme, width, lang)
    for scheme in ("light", "dark")
    for width in (390, 1280)
    for lang in ("en", "fr")
]


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve every page of `PAGES` in both languages over loopback."""
    folder = tmp_path_factory.mktemp("site")
    for name, told in PAGES.items():
        for lang in ("en", "fr"):
            (folder / f"{name}-{lang}.html").write_text(render(told, lang, ZONE))
    with serving(folder) as address:
        yield address


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def serving(folder: Path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Shown:
    """A page as the browser shows it, with what it asked for and complained of."""

    def __init__(self, page, address):
        self.page = page
        self.requests = []
        self.complaints = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda told: self.complaints.append(told.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(address)

    def measure(self, script):
        return self.page.evaluate(script)


@pytest.fixture
def show(browser, site):
    opened = []

    def one(name, lang, scheme="light", width=1280, **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        opened.append(context)
        return Shown(context.new_page(), f"{site}/{name}-{lang}.html")

    yield one
    for context in opened:
        context.close()


CHARTS_SHOWN = """() => [...document.querySelectorAll("svg.chart")].map(svg => {
    const box = svg.getBoundingClientRect();
    const style = e => getComputedStyle(e);
    const text = svg.querySelector("text");
    const size = parseFloat(style(text).fontSize) * box.width / svg.viewBox.baseVal.width;
    return {width: box.width, height: box.height, ink: style(text).fill, size,
        fills: new Set([...svg.querySelectorAll("path")].map(p => style(p).fill)).size};
})"""


@pytest.mark.parametrize(("scheme", "width", "lang"), LOOKS)
def test_the_page_renders_quietly(show, scheme, width, lang):
    shown = show("import", lang, scheme, width)
    assert shown.complaints == []
    assert len(shown.requests) == 1
    assert shown.measure("document.documentElement.lang") == lang
    # Nothing makes the page itself scroll sideways.
    assert shown.measure("document.documentElement.scrollWidth") == width
    charts = shown.measure(CHARTS_SHOWN)
    assert len(charts) == 5
    for chart in charts:
        assert chart["width"] > 250
        assert chart["height"] > 40
        assert chart["size"] > 9
        assert chart["fills"] > 1
    dark = scheme == "dark"
    ink = "rgb(232, 237, 243)" if dark else "rgb(27, 36, 48)"
    assert {chart["ink"] for chart in charts} == {ink}
    paper = shown.measure("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(18, 23, 30)" if dark else "rgb(246, 247, 249)")


@pytest.mark.parametrize(
    ("name", "scheme", "width", "lang"),
    [
        ("import", "light", 390, "en"),
        ("import", "dark", 1280, "fr"),
        ("refused", "light", 1280, "fr"),
        ("export", "dark", 390, "en"),
    ],
)
def test_axe_finds_no_fault(show, name, scheme, width, lang):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(
        show(name, lang, scheme, width).page,
        options={
            # The page's own policy lets no worker of the checker start; it needs none.
            "preload": False,
        },
    )
    faults = [
        (fault["id"], fault["impact"], [node["html"][:120] for node in fault["nodes"]])
        for fault in found.response["violations"]
    ]
    assert faults == []
    assert len(found.response["passes"]) > 20


def test_the_keyboard_reaches_the_content_first(show):
    shown = show("import", "en")
    shown.page.keyboard.press("Tab")
    assert shown.measure("document.activeElement.textContent") == "Skip to the content"
    left = shown.measure("document.activeElement.getBoundingClientRect().left")
    assert left >= 0
    shown.page.keyboard.press("Enter")
    assert shown.page.url.endswith("#content")


def test_on_paper_it_is_black_on_white(show):
    shown = show("import", "en", "dark")
    shown.page.emulate_media(media="print")
    ink = shown.measure("getComputedStyle(document.querySelector('h1')).color")
    paper = shown.measure("getComputedStyle(document.body).backgroundColor")
    assert (ink, paper) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")
    assert shown.measure("getComputedStyle(document.querySelector('nav')).display") == (
        "none"
    )
    assert shown.page.pdf(format="A4")[:4] == b"%PDF"


def test_a_page_of_text_alone_still_tells(show):
    shown = show("import", "en", java_script_enabled=False)
    assert "1,319 rows came in." in shown.page.inner_text("main, header")
