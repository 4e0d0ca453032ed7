"""The pages of the manual, and what stands in them: tables, fenced blocks, words."""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^\n]+?) -->\n+)?"
    r"(?P<indent> *)```(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block; `reason` says why it is only to be read."""

    page: str
    line: int
    kind: str
    text: str
    reason: str | None

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def text_of(page=README):
    return page.read_text(encoding="utf-8")


def blocks(page):
    """Return every fenced block of a page, in order."""
    text = text_of(page)
    return [
        Block(
            page.name,
            text[: found.start("kind")].count("\n") + 1,
            found["kind"],
            found["text"],
            found["reason"],
        )
        for found in _FENCE.finditer(text)
    ]


def all_blocks(*kinds):
    return [b for page in PAGES for b in blocks(page) if b.kind in kinds]


def section(heading, page=README):
    """Return what stands below a heading, up to the next of its rank or a higher one."""
    text = text_of(page)
    rank = len(heading) - len(heading.lstrip("#"))
    assert f"\n{heading}\n" in text, heading
    _, _, below = text.partition(f"\n{heading}\n")
    return re.split(rf"^#{{1,{rank}}} ", below, maxsplit=1, flags=re.MULTILINE)[0]


def table(heading, page=README):
    """Return the lines of the first table below a heading, without its head."""
    _, bar, below = section(heading, page).partition("\n|")
    assert bar, heading
    lines = takewhile(lambda line: line.startswith("|"), f"|{below}".splitlines())
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[cell.strip() for cell in line] for line in cells[2:]]


def quoted(cell):
    """Return the words between backticks."""
    return re.findall(r"`([^`]+)`", cell)
