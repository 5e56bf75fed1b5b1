"""A figure inside a page: SVG whose colours follow the page, light or dark."""

from __future__ import annotations

import re
from html import escape

from matplotlib.figure import Figure

from stochgrad.suite.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    STYLE,
    VERMILLION,
)
from stochgrad.suite.figures.writing import render

THEMED = {
    BLACK: "ink",
    GREY: "muted",
    STYLE["grid.color"]: "grid",
    BLUE: "blue",
    VERMILLION: "vermillion",
    GREEN: "green",
    PURPLE: "purple",
    ORANGE: "orange",
    SKY: "sky",
    "#ffffff": "ground",
}
"""Colours of figures, and the page's custom properties ``--figure-<name>`` that replace them."""
_SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)pt" height="([\d.]+)pt"')


def inline(figure: Figure, name: str, alt: str, *, themed: bool = True) -> str:
    """Return a figure as an ``<svg>`` element.

    Its ids begin with the figure's name, since those of a page have to differ.

    Args:
        figure: drawn.
        name: unique on the page.
        alt: what it shows.
        themed: whether its colours follow the page.
    """
    source = render(figure, "svg").decode()
    source = re.sub(r"<metadata>.*?</metadata>", "", source, flags=re.DOTALL)
    body = source[source.index("<svg") :]
    size = _SIZE.search(body)
    assert size is not None
    body = body[body.index(">") + 1 : body.rindex("</svg>")]
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{name}-", body)
    body = body.replace("xlink:href", "href")
    body = re.sub(r' d="[^"]+"', _shortened, body)
    if themed:
        for color, variable in THEMED.items():
            body = re.sub(
                rf"{re.escape(color)}\b", f"var(--figure-{variable})", body, flags=re.IGNORECASE
            )
    width, height = size[1], size[2]
    # What has no colour of its own is black: glyphs, among others.
    fill = ' style="fill: var(--figure-ink)"' if themed else ""
    return (
        f'<svg role="img" aria-label="{escape(alt)}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}"{fill}>{body}</svg>'
    )


def _shortened(path: re.Match[str]) -> str:
    """Return a path with points to a hundredth, which is enough: they are most of the bytes."""
    return re.sub(r"(\.\d\d)\d+", r"\1", path[0])
