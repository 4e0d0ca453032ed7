"""What a page is put together from: sections with a text, a chart, a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, a smaller line `below`, shapes of values as `examples`.

    `path` says where in `summary.json` a figure stands, as `rows/created`; `value` is
    the figure itself. `tone` colours a mark beside the text, `name` is what an engineer
    calls it.
    """

    text: str
    below: str = ""
    examples: tuple[tuple[str, str], ...] = ()
    path: str = ""
    value: str = ""
    tone: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; the first cell of a row is its header.

    `figures` are the places of columns that hold figures.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    figures: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Link:
    """A file beside the page and what it holds."""

    href: str
    text: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page under a heading; `chart` is SVG, its title stands under it.

    A chart `above` its tables has the whole width, else they stand side by side.
    """

    key: str
    title: str
    texts: Sequence[str] = ()
    chart: str = ""
    chart_title: str = ""
    above: bool = False
    tables: tuple[Table, ...] = ()
    links: tuple[Link, ...] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """An outcome as a large figure."""

    name: str
    count: Cell
    label: str
    means: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do, with the files to open."""

    text: str
    links: tuple[Link, ...] = field(default=())
    tone: str = "accent"
