"""A figure inside a page: its colours follow the page, its drawing is as it was."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from stochgrad.suite.figures.inline import inline
from stochgrad.suite.figures.style import BLUE, applied, freeze, new_figure
from stochgrad.suite.figures.writing import render


def test_colours_become_the_page_s_and_ids_the_figure_s_own() -> None:
    with applied():
        figure, axes = new_figure("A headline", "in some setting")
        axes[0, 0].plot([1, 2], [3, 4], color=BLUE, label="series")
        axes[0, 0].legend()
        figure = freeze(figure)
    alt = 'rises, from "3" to 4'
    themed = inline(figure, "one", alt)
    plain = inline(figure, "two", alt, themed=False)
    for text, name in ((themed, "one"), (plain, "two")):
        root = ElementTree.fromstring(text)
        assert root.attrib["aria-label"] == alt
        ids = re.findall(r'\bid="([^"]+)"', text)
        assert len(ids) == len(set(ids))
        assert all(one.startswith(f"{name}-") for one in ids)
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', text)) <= set(ids)
    assert "var(--figure-blue)" in themed
    assert BLUE.lower() not in themed.lower()
    assert "var(--" not in plain
    assert BLUE.lower() in plain.lower()
    # Glyphs are scaled by small factors, of which every digit counts.
    scales = re.findall(r"scale\([^)]+\)", render(figure, "svg").decode())
    assert re.findall(r"scale\([^)]+\)", themed) == scales
