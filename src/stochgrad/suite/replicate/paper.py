"""A paper as data: its cells, what was published for each, and the settings that repeat it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from stochgrad.errors import unknown
from stochgrad.suite.config.compose import read_file
from stochgrad.suite.config.schema import Section
from stochgrad.suite.config.validation import validate_section

FOLDER = "papers"
Better = Literal["lower", "higher", "equal"]
Share = Annotated[float, Field(gt=0, lt=1)]


class Cell(Section):
    """One number of a paper.

    Attributes:
        published: value; None where the paper gives none, and ours stands alone.
        settings: arguments of ``src.run`` that the cell adds to the paper's.
        compute: name in :mod:`stochgrad.suite.replicate.computed` of what takes the place of runs.
        options: of the computation.
        measure: of this cell, instead of the paper's.
        tolerance: of this cell, instead of the paper's.
        unit: of this cell, instead of the paper's.
        better: of this cell, instead of the paper's.
        note: what a reader should know of it.
        shorter: why these settings are not all of the paper's; such a cell cannot be told.
    """

    published: float | None = None
    settings: tuple[str, ...] = ()
    compute: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    measure: str | None = None
    tolerance: Share | None = None
    unit: str | None = None
    better: Better | None = None
    note: str = ""
    shorter: str = ""


class Paper(Section):
    """A paper.

    Attributes:
        title: of the page.
        reference: to the paper.
        lead: what is compared, in a sentence or two.
        settings: arguments of ``src.run`` that all cells have.
        measure: of a run's replicates: ``test_error`` in percent, or a column of their table.
        unit: of the measure.
        better: which way is better.
        tolerance: by what share of the published value ours may differ and still agree.
        cells: by name; parts of a name are set apart by slashes.
    """

    title: str
    reference: str
    lead: str = ""
    settings: tuple[str, ...] = ()
    measure: str = "test_error"
    unit: str = "test error, %"
    better: Better = "lower"
    tolerance: Share = 0.1
    cells: dict[str, Cell]


def papers(conf: Path) -> list[str]:
    """Return the names of the papers."""
    return sorted(path.stem for path in (conf / FOLDER).glob("*.yaml"))


def load_paper(conf: Path, name: str) -> Paper:
    """Read a paper.

    Raises:
        ConfigError: for an unknown name, or a mistake in its file.
    """
    known = papers(conf)
    if name not in known:
        raise unknown("paper", name, known)
    return validate_section(Paper, read_file(conf / FOLDER / f"{name}.yaml"), f"{name}.")


def chosen(paper: Paper, names: Sequence[str]) -> dict[str, Cell]:
    """Return the cells with these names, or that begin with them; all, if there are none.

    Raises:
        ConfigError: for a name that no cell has.
    """
    if not names:
        return dict(paper.cells)
    found: dict[str, Cell] = {}
    for name in names:
        own = {c: v for c, v in paper.cells.items() if f"{c}/".startswith(f"{name.rstrip('/')}/")}
        if not own:
            raise unknown("cell", name, paper.cells)
        found |= own
    return {name: cell for name, cell in paper.cells.items() if name in found}
