"""What a page is made of: sections with facts for their text, pictures and tables.

The words around pictures and tables are in ``words.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

from stochgrad.suite.figures import Figure
from stochgrad.suite.figures.style import drawn
from stochgrad.suite.tasks.result import Row

WORDS = tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text("utf-8"))


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

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, which are set to the right and sorted by size."""
        return self.style not in ("text", "link")


@dataclass(frozen=True)
class Table:
    """Rows under columns; the CSV file beside the page has all there is in the rows."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]


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

    def draw(self, key: str, draw: Callable[..., Figure], *arguments: Any) -> None:
        """Draw the picture that has a key in ``words.toml``."""
        words = WORDS["pictures"][key]
        name, alt, caption, *stages = (
            text.format(**self.facts)
            for text in (key, words["alt"], words["caption"], *words["stages"])
        )
        figure = drawn(draw, *arguments)
        self.pictures[name] = Picture(name, figure, alt, caption, tuple(stages))

    def tabulate(self, key: str, rows: Sequence[Row]) -> None:
        """Enter rows as the table that has a key in ``words.toml``."""
        words = WORDS["tables"][key]
        name, caption = (text.format(**self.facts) for text in (key, words["caption"]))
        columns = tuple(Column(*column) for column in words["columns"])
        self.tables[name] = Table(name, caption, columns, rows)
