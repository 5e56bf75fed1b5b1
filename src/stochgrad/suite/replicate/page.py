"""The ledger of a paper as files: a page with a figure, a Parquet file and CSV, and the curves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stochgrad.suite.analysis.tables import columns, markdown, write_csv, write_parquet
from stochgrad.suite.figures import save
from stochgrad.suite.figures.studies.costs import error_against_cost
from stochgrad.suite.figures.style import drawn
from stochgrad.suite.replicate.cells import Found, settings_of
from stochgrad.suite.replicate.paper import Cell, Paper
from stochgrad.suite.replicate.verdict import ABSENT, AGREES, BETTER, DIFFERS, RULE, UNTOLD, WORSE
from stochgrad.suite.report.numbers import number
from stochgrad.suite.report.page import environment
from stochgrad.suite.tasks.result import Row

TEXTS = ("cell", "unit", "verdict", "reason", "settings", "commit", "run_id", "command")
"""Columns of text; all others are of numbers."""
STABLE = ("seconds", "run_id", "commit")
"""Columns that differ each time: no part of the file whose bytes a second run repeats."""
LEDGER = "ledger.parquet"
FIGURE = "error_against_cost"
SIGNS = {AGREES: "✓", BETTER: "▲", WORSE: "▼", DIFFERS: "≠", UNTOLD: "?", ABSENT: "○"}
"""Beside the word, so that no verdict is told by its colour."""


def write_ledger(folder: Path, paper: Paper, found: Sequence[Found], command: str) -> Path:
    """Write ``index.html``, ``ledger.parquet``, ``ledger.csv``, ``numbers.csv``, ``curves.csv``.

    Where there are runs with an accuracy, their errors are drawn as ``error_against_cost.svg``.

    Returns:
        The page.
    """
    rows = [one.row for one in found]
    folder.mkdir(parents=True, exist_ok=True)
    kinds = dict.fromkeys(columns(rows), "double") | dict.fromkeys(TEXTS, "string")
    write_parquet(rows, folder / LEDGER, kinds | {"seeds": "int64"})
    write_csv(rows, folder / "ledger.csv")
    numbers = [{k: v for k, v in row.items() if k not in STABLE} for row in rows]
    write_csv(numbers, folder / "numbers.csv")
    curves = list(_curves(found))
    write_csv(curves, folder / "curves.csv")
    verdicts = sorted(str(row["verdict"]) for row in rows)
    counts = {v.replace(" ", "_"): verdicts.count(v) for v in dict.fromkeys(verdicts)}
    text = json.dumps({"cells": len(rows), **counts}, indent=2)
    (folder / "metrics.json").write_text(f"{text}\n", encoding="utf-8")
    drawing = folder / f"{FIGURE}.svg"
    drawing.unlink(missing_ok=True)
    if curves:
        save({FIGURE: drawn(error_against_cost, curves)}, folder, ("svg",))
    page = folder / "index.html"
    html = (
        environment()
        .get_template("ledger.html.j2")
        .render(
            paper=paper, rows=rows, command=command, rule=RULE, signs=SIGNS, interval=interval,
            published=published, drawing=drawing.name if curves else None,
        )
    )  # fmt: skip
    page.write_text(html, encoding="utf-8")
    text = f"### {paper.title}\n\n{paper.reference}. {paper.lead}\n\n{markdown(_shown(rows))}"
    (folder / "ledger.md").write_text(text, encoding="utf-8")
    return page


def in_ledger(cells: Mapping[str, Cell], paper: Paper, folder: Path) -> dict[str, Found]:
    """Read back what an earlier command computed; it counts, whatever its code."""
    if not (folder / LEDGER).is_file():
        return {}
    from pyarrow import parquet

    known = {
        row["cell"]: row
        for row in parquet.read_table(folder / LEDGER).to_pylist()
        if row["verdict"] != ABSENT
    }
    return {
        name: Found(known[name])
        for name, cell in cells.items()
        if cell.compute and name in known and settings_of(cell, paper) == known[name]["settings"]
    }


def _curves(found: Sequence[Found]) -> Iterator[Row]:
    """Yield the error of every cell by epoch, and what it had cost until then.

    The time of a run is shared out evenly over its epochs.
    """
    for one in found:
        if one.curve is None:
            continue
        last = int(one.curve.at[-1])
        for at, values in zip(one.curve.at.tolist(), one.curve.values, strict=True):
            error = 100 * (1 - np.asarray(values))
            yield {
                "cell": one.row["cell"], "examples": one.examples, "at": at,
                "passes": one.row["passes"] * at / last,
                "seconds": one.row["seconds"] * at / last,
                "error": float(error.mean()), "low": float(error.min()), "high": float(error.max()),
            }  # fmt: skip


def interval(row: Mapping[str, Any]) -> str:
    """Write our number with its interval."""
    if np.isnan(row["ours"]):
        return "–"
    ends = "" if np.isnan(row["low"]) else f" [{number(row['low'])}, {number(row['high'])}]"
    return f"{number(row['ours'])}{ends}"


def published(row: Mapping[str, Any]) -> str:
    """Write the published number with its tolerance."""
    if row["published"] is None:
        return "–"
    return f"{number(row['published'])} ± {number(row['tolerance'], 2)}"


def _shown(rows: Sequence[Row]) -> list[Row]:
    """Return what a table in Markdown shows."""
    return [
        {
            "cell": row["cell"],
            "unit": row["unit"],
            "published": published(row),
            "ours [95 %]": interval(row),
            "seeds": row["seeds"],
            "verdict": f"**{row['verdict']}**",
            "": row["reason"],
        }
        for row in rows
    ]
