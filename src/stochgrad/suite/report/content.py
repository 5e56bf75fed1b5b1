"""What a page is made of: sections with facts for their text, pictures and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stochgrad.suite.figures import Figure
from stochgrad.suite.tasks.result import Row


@dataclass(frozen=True)
class Picture:
    """A figure with the words that belong to it.

    Attributes:
        name: of its files.
        figure: drawn.
        alt: what it shows, for those who do not see it.
        caption: what to see in it.
        stages: of the pipeline whose results it draws.
    """

    name: str
    figure: Figure
    alt: str
    caption: str
    stages: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table on a page.

    Attributes:
        key: in the rows.
        title: what the page shows above it.
        style: how its values are written: a name in :data:`stochgrad.suite.report.numbers.STYLES`.
    """

    key: str
    title: str
    style: str = "text"


@dataclass(frozen=True)
class Table:
    """Rows under columns; the CSV file beside the page has all there is in the rows."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    stages: tuple[str, ...] = ()


@dataclass
class Section:
    """A part of a page.

    Attributes:
        facts: numbers that its text is written around.
        pictures: by name.
        tables: by name.
        missing: what could not be read, and the command that makes it.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def add(self, *items: Picture | Table) -> None:
        """Enter pictures and tables under their names."""
        for item in items:
            if isinstance(item, Picture):
                self.pictures[item.name] = item
            else:
                self.tables[item.name] = item
