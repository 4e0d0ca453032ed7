"""The charts of a page: static SVG whose colours and letters are those of the page.

Drawn with matplotlib, which is imported here only, when a page is written. Colours are
drawn as marker values and handed to the page's style sheet by name, so that a chart
follows light, dark and print.
"""

import io
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any, Final

_WIDTH: Final = 4.4
_TEXT: Final = 10.8
_LONGEST: Final = 46
_CROWDED: Final = 6

# Marker colours: each is drawn once in no other meaning, then replaced by its variable.
_MARKERS: Final[Mapping[str, str]] = {
    "ink": "#010203",
    "faint": "#010204",
    "good": "#010205",
    "calm": "#010206",
    "warn": "#010207",
    "bad": "#010208",
    "idle": "#010209",
    "accent": "#01020a",
    "before": "#01020b",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its label, its length, the text at its end, its colour's name."""

    label: str
    value: float
    shown: str
    colour: str = "accent"


def bars(name: str, title: str, items: Sequence[Bar], *, above: bool = False) -> str:
    """Return horizontal bars, first at the top; `name` makes ids of the page unique.

    Labels stand at the left, or, where they are sentences, `above` their bars.
    """
    each = 0.46 if above else 0.33
    with _figure(name, each * len(items) + 0.15) as (figure, axes):
        places = range(len(items))
        values = [item.value for item in items]
        colours = [_MARKERS[item.colour] for item in items]
        axes.barh(places, values, color=colours, height=0.4 if above else 0.62)
        for place, item in zip(places, items, strict=True):
            _say(axes, item.shown, (item.value, place), (4, 0), va="center")
            if above:
                _say(axes, _cut(item.label), (0, place - 0.26), (0, 0), va="bottom")
        axes.set_yticks(*([], ()) if above else (places, [i.label for i in items]))
        axes.set_xlim(0, (max(values, default=0) or 1) * 1.22)
        axes.set_ylim(len(items) - 0.6, -0.85 if above else -0.5)
        axes.set_xticks([])
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        return _svg(figure, name, title)


def _say(
    axes: Any, text: str, at: tuple[float, float], offset: tuple[int, int], va: str
) -> None:
    axes.annotate(
        text,
        at,
        xytext=offset,
        textcoords="offset points",
        va=va,
        color=_MARKERS["ink"],
        annotation_clip=False,
    )


@dataclass(frozen=True, slots=True)
class Series:
    """Values for the same labels in one colour; `name` stands in the legend."""

    name: str
    values: Sequence[float]
    colour: str


def pairs_of_bars(
    name: str, title: str, labels: Sequence[str], series: Sequence[Series]
) -> str:
    """Return per cents by label, one bar for each series, with a legend."""
    with _figure(name, 0.5 * len(labels) + 0.55) as (figure, axes):
        height = 0.8 / len(series)
        for order, one in enumerate(series):
            places = [place + (order - 0.5) * height for place in range(len(labels))]
            axes.barh(
                places,
                one.values,
                height=height * 0.9,
                color=_MARKERS[one.colour],
                label=one.name,
            )
            for place, value in zip(places, one.values, strict=True):
                _say(axes, f"{value:.0f} %", (value, place), (4, 0), va="center")
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlim(0, 116)
        axes.set_xticks([])
        axes.invert_yaxis()
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        _legend(axes)
        return _svg(figure, name, title)


def steps(
    name: str,
    title: str,
    moments: Sequence[float],
    series: Sequence[Series],
    along: str,
) -> str:
    """Return lines over time, the second series with an axis of its own on the right."""
    with _figure(name, 2.4) as (figure, axes):
        handles = []
        for order, one in enumerate(series):
            side = axes if order == 0 else axes.twinx()
            line = side.plot(
                moments,
                one.values,
                color=_MARKERS[one.colour],
                linewidth=2,
                linestyle="-" if order == 0 else "--",
                label=one.name,
            )
            side.set_ylim(0, (max(one.values) or 1) * 1.1)
            _quiet(side, right=order == 1)
            handles += line
        axes.set_xlim(0, max(moments) or 1)
        axes.set_xlabel(along)
        axes.legend(handles=handles, **_LEGEND, ncols=len(handles))
        return _svg(figure, name, title)


def rows_and_share(
    name: str, title: str, labels: Sequence[str], rows: Series, share: Series
) -> str:
    """Return columns of rows with the share of rejected ones as a line over them."""
    with _figure(name, 2.6) as (figure, axes):
        places = range(len(labels))
        colours = [_MARKERS["before"]] * (len(labels) - 1) + [_MARKERS[rows.colour]]
        drawn = axes.bar(places, rows.values, color=colours, width=0.6)
        drawn.set_label(rows.name)
        crowded = len(labels) > _CROWDED
        axes.set_xticks(places, labels, rotation=60 if crowded else 0)
        axes.set_ylim(0, (max(rows.values) or 1) * 1.15)
        right = axes.twinx()
        line = right.plot(
            places, share.values, color=_MARKERS[share.colour], marker="o", linewidth=2
        )
        line[0].set_label(share.name)
        right.set_ylim(0, max(*share.values, 5) * 1.15)
        _quiet(axes)
        _quiet(right, right=True)
        axes.legend(handles=[drawn, *line], **_LEGEND, ncols=2)
        return _svg(figure, name, title)


_LEGEND: Final[Mapping[str, Any]] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1.0),
    "frameon": False,
    "borderpad": 0,
    "labelcolor": _MARKERS["ink"],
}


def _legend(axes: Any) -> None:
    axes.legend(**_LEGEND, ncols=2)


def _quiet(axes: Any, *, right: bool = False) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(4, integer=not right))
    axes.spines[["top", "left" if right else "right"]].set_visible(False)
    if not right:
        axes.grid(axis="y", color=_MARKERS["faint"], linewidth=0.6)
        axes.set_axisbelow(True)


def _cut(label: str) -> str:
    if len(label) <= _LONGEST:
        return label
    return f"{label[:_LONGEST].rpartition(' ')[0] or label[:_LONGEST]}…"


@contextmanager
def _figure(name: str, height: float) -> Iterator[tuple[Any, Any]]:
    """Yield a figure of our width and its axes, in the page's colours; no global state."""
    # Where its cache cannot be written matplotlib would say so on standard error.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_settings(name)):  # type: ignore[arg-type]  # a plain dict
        figure = Figure(figsize=(_WIDTH, max(height, 0.6)), layout="constrained")
        axes = figure.add_subplot()
        axes.tick_params(length=0, pad=4)
        yield figure, axes


def _settings(name: str) -> dict[str, Any]:
    ink, faint = _MARKERS["ink"], _MARKERS["faint"]
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "text.parse_math": False,
        "font.family": "DejaVu Sans",
        "font.size": _TEXT,
        "legend.fontsize": _TEXT,
        "text.color": ink,
        "axes.labelcolor": ink,
        "axes.edgecolor": faint,
        "xtick.color": ink,
        "ytick.color": ink,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.transparent": True,
    }


def _svg(figure: Any, name: str, title: str) -> str:
    """Return the drawing as an element of the page, its colours as variables."""
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(
        r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL
    )
    text = re.sub(r"font(?:-family)?: ?[^;\"]*'DejaVu Sans'[^;\"]*", _plain_font, text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    for colour, marker in _MARKERS.items():
        text = text.replace(marker, f"var(--{colour})")
    box = re.search(r'viewBox="[^"]*"', text)
    assert box is not None  # matplotlib always writes one
    body = text[text.index(">") + 1 :]
    label = escape(title, quote=True)
    return (
        f'<svg class="chart" id="chart-{name}" role="img" aria-label="{label}"'
        f' xmlns:xlink="http://www.w3.org/1999/xlink" {box[0]}>{body}'
    )


def _plain_font(found: re.Match[str]) -> str:
    size = re.search(r"([\d.]+)px", found[0])
    return f"font-size: {size[1]}px" if size else "font-family: inherit"
