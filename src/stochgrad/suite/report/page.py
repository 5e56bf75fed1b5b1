"""A page: sections into a template, and beside it every figure and table as files."""

from __future__ import annotations

import contextlib
import io
import json
import textwrap
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stochgrad.suite.analysis.tables import write_csv
from stochgrad.suite.figures import Figure, save
from stochgrad.suite.figures.writing import render
from stochgrad.suite.report.content import Section
from stochgrad.suite.report.numbers import STYLES
from stochgrad.suite.report.results import stage_name
from stochgrad.suite.tasks.result import Row

FORMATS = ("svg", "pdf")


def environment() -> Environment:
    """Return what renders the templates."""
    found = Environment(
        loader=PackageLoader("stochgrad.suite.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {**STYLES, "stage_name": stage_name, "base64_svg": base64_svg}
    found.globals |= {"styles": STYLES, "formats": FORMATS}
    return found


@dataclass(frozen=True)
class Page:
    """One HTML file with everything in it, and folders ``figures/`` and ``tables/`` beside it.

    Attributes:
        template: name in ``templates/``.
        command: that makes the page.
        sections: by name.
    """

    template: str
    command: str
    sections: Mapping[str, Section]

    def render(self, **facts: Any) -> str:
        """Return the HTML.

        Args:
            **facts: further variables of the template.
        """
        every = self.sections.values()
        return (
            environment()
            .get_template(f"{self.template}.html.j2")
            .render(
                sections=self.sections,
                pictures={name: found for part in every for name, found in part.pictures.items()},
                tables={name: found for part in every for name, found in part.tables.items()},
                missing=[reason for part in every for reason in part.missing],
                command=self.command,
                run=Snippets().run,
                **facts,
            )
        )

    def write(self, folder: Path, **facts: Any) -> None:
        """Write ``index.html``, ``figures/*.svg``, ``figures/*.pdf`` and ``tables/*.csv``."""
        (folder / "figures").mkdir(parents=True)
        for section in self.sections.values():
            figures = {picture.name: picture.figure for picture in section.pictures.values()}
            save(figures, folder / "figures", FORMATS)
            for table in section.tables.values():
                write_csv(
                    [plain(row) for row in table.rows], folder / "tables" / f"{table.name}.csv"
                )
        (folder / "index.html").write_text(self.render(**facts), encoding="utf-8")


def base64_svg(figure: Figure) -> str:
    """Return a figure as it stands inside an address of kind ``data:``."""
    return b64encode(render(figure, "svg")).decode()


def plain(row: Row) -> Row:
    """Return a row for a CSV file: lists as JSON."""
    return {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}


class Snippets:
    """Python in a page, run when it is built: pieces of one program, whose names stay."""

    def __init__(self) -> None:
        self._names: dict[str, Any] = {}

    def run(self, caller: Callable[[], str]) -> Markup:
        """Run a piece; return it and its output as HTML.

        Args:
            caller: gives the piece: the inside of a ``{% call run() %}`` in the template.

        Raises:
            Exception: whatever the piece raises: a page with a broken example is not built.
        """
        source = textwrap.dedent(str(caller())).strip("\n")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(source, "<guide>", "exec"), self._names)
        output = printed.getvalue().rstrip("\n")
        shown = f'<pre class="code" tabindex="0"><code>{escape(source)}</code></pre>'
        if output:
            shown += f'<pre class="output" tabindex="0"><samp>{escape(output)}</samp></pre>'
        return Markup(f'<div class="snippet">{shown}</div>')
