"""How a page is written: all of it, or one of its figures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pipelines.stage import replaced
from stochgrad.errors import ConfigError
from stochgrad.suite.figures import save
from stochgrad.suite.report.page import FORMATS, Page

FIGURE = "--figure"


def wanted_figure(arguments: list[str]) -> tuple[list[str], str | None]:
    """Split a figure's name off the arguments of a program."""
    if FIGURE not in arguments:
        return arguments, None
    at = arguments.index(FIGURE)
    if at + 1 >= len(arguments):
        raise ConfigError(f"{FIGURE}: name a figure")
    return arguments[:at] + arguments[at + 2 :], arguments[at + 1]


def write(page: Page, folder: Path, figure: str | None, **facts: Any) -> None:
    """Write a page's folder, or redraw one figure in it; say where, and what was missing."""
    if figure is not None:
        pictures = {n: p.figure for s in page.sections.values() for n, p in s.pictures.items()}
        if figure not in pictures:
            raise ConfigError(
                f"{FIGURE} {figure}: no such figure; there are: {', '.join(pictures)}"
            )
        for path in save({figure: pictures[figure]}, folder / "figures", FORMATS):
            print(path)
        return
    with replaced(folder) as beside:
        page.write(beside, **facts)
    for section in page.sections.values():
        for reason in section.missing:
            print(f"missing: {reason}", file=sys.stderr)
    print(f"page: {folder / 'index.html'}")
