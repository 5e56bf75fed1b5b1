"""A page: sections into a template, and beside it every figure and table as files."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stochgrad.suite.analysis.tables import write_csv
from stochgrad.suite.figures import save
from stochgrad.suite.figures.writing import render
from stochgrad.suite.report.content import Column, Picture, Section, Table
from stochgrad.suite.report.numbers import STYLES
from stochgrad.suite.report.results import stage_name
from stochgrad.suite.report.snippets import Snippets
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
    found.filters |= STYLES
    found.globals |= {"asset": asset}
    return found


class Page:
    """One HTML file with everything in it, and folders ``figures/`` and ``tables/`` beside it.

    Args:
        template: name in ``templates/``.
        command: that makes the page.
        sections: by name.
    """

    def __init__(self, template: str, command: str, sections: Mapping[str, Section]) -> None:
        self.template = template
        self.command = command
        self.sections = sections

    def render(self, **facts: Any) -> str:
        """Return the HTML.

        Args:
            **facts: further variables of the template.
        """
        own = environment()
        own.globals |= {"picture": self._picture, "table": self._table, "run": Snippets().run}
        template = own.get_template(f"{self.template}.html.j2")
        return template.render(sections=self.sections, command=self.command, **facts)

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

    def _picture(self, name: str) -> Markup:
        """Return a figure of any section as HTML; where it is missing, a remark that says so."""
        for section in self.sections.values():
            if name in section.pictures:
                return self._figure(section.pictures[name])
        return _missing(f"The figure {name} is missing.", self._reasons())

    def _table(self, name: str, *, sortable: bool = False) -> Markup:
        for section in self.sections.values():
            if name in section.tables:
                return _table(section.tables[name], sortable)
        return _missing(f"The table {name} is missing.", self._reasons())

    def _reasons(self) -> list[str]:
        return [reason for section in self.sections.values() for reason in section.missing]

    def _figure(self, picture: Picture) -> Markup:
        svg = b64encode(render(picture.figure, "svg")).decode()
        files = ", ".join(f'<a href="figures/{picture.name}.{f}">{f.upper()}</a>' for f in FORMATS)
        measure = " ".join(stage_name(stage) for stage in picture.stages)
        return Markup(  # every part is escaped or our own
            f'<figure class="figure" id="{picture.name}"><div class="drawing" tabindex="0">'
            f'<img alt="{escape(picture.alt)}" src="data:image/svg+xml;base64,{svg}"></div>'
            f"<figcaption>{escape(picture.caption)} "
            f'<span class="source">{files} · redraw: <code>{escape(self.command)} '
            f"--figure {picture.name}</code> · measure: "
            f"<code>dvc repro {escape(measure)}</code></span></figcaption></figure>"
        )


def asset(name: str) -> Markup:
    """Return a file of the templates as it is: the style sheet, the script."""
    return Markup(
        resources.files("stochgrad.suite.report").joinpath("templates", name).read_text("utf-8")
    )


def plain(row: Row) -> Row:
    """Return a row for a CSV file: lists as JSON."""
    return {k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()}


def _missing(what: str, reasons: list[str]) -> Markup:
    because = "; ".join(reasons)
    return Markup(f'<p class="missing" role="note">{escape(what)} {escape(because)}</p>')


def _table(table: Table, sortable: bool) -> Markup:
    heads = "".join(_head(column, sortable) for column in table.columns)
    body = "".join(
        f"<tr>{''.join(_cell(column, row) for column in table.columns)}</tr>" for row in table.rows
    )
    kind = ' class="sortable"' if sortable else ""
    return Markup(
        f'<p class="caption" id="about-{table.name}">{escape(table.caption)} '
        f'<a href="tables/{table.name}.csv">CSV</a></p>'
        f'<div class="table" tabindex="0" role="region" aria-labelledby="about-{table.name}">'
        f'<table{kind} aria-labelledby="about-{table.name}">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(column: Column, sortable: bool) -> str:
    title = escape(column.title)
    kind = ' class="number"' if _is_number(column) else ""
    if sortable:
        title = f'<button type="button">{title}</button>'
    return f'<th scope="col"{kind}>{title}</th>'


def _cell(column: Column, row: Row) -> str:
    value = row.get(column.key)
    if column.style == "link":
        address = escape(row[f"{column.key}_url"])
        return f'<td><a href="{address}"><code>{escape(str(value))}</code></a></td>'
    shown = escape(STYLES[column.style](value))
    if not _is_number(column):
        return f"<td>{shown}</td>"
    sort = "" if value is None else f' data-value="{value!r}"'
    return f'<td class="number"{sort}>{shown}</td>'


def _is_number(column: Column) -> bool:
    return column.style not in ("text", "link")
