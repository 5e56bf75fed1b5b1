"""What the figures owe to each constant: all of them halved and doubled, one by one.

The cells, functions and seeds are the same for every value, so a change is that of the constant.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks import coverage, killers
from benchmarks.contenders import REFERENCE
from benchmarks.problems import KINDS
from benchmarks.problems.drawing import generator
from benchmarks.verdict import Row, show_rows, write_rows
from stochgrad.inference import constants
from stochgrad.inference.model import tables

LEAST = {"CHECK": 5, "NODES": 9}
"""Values with which there are degrees of freedom left."""


def values() -> dict[str, Any]:
    """Return the constants that decide, by name."""
    return {name: value for name, value in vars(constants).items() if name.isupper()}


def changed(name: str, value: Any, factor: float) -> Any:
    """Return a constant times a factor; a whole number stays one, and a degree stays odd."""
    if not isinstance(value, int):
        return value * factor
    whole = max(LEAST.get(name, 1), round(value * factor))
    return whole | 1 if name == "DEGREE" else whole


@contextmanager
def setting(name: str, value: Any) -> Iterator[None]:
    """Have a constant another value."""
    before = getattr(constants, name, None)
    setattr(constants, name, value)
    tables.cache_clear()
    try:
        yield
    finally:
        setattr(constants, name, before)
        tables.cache_clear()


def figures(seed: int, points: int, cells: int, replicates: int) -> Row:
    """Return coverage over cells of both dtypes, and what is silently wrong of hidden kinds."""
    covered, good = list[Row](), list[Row]()
    for number in range(cells):
        rng = generator(seed, number)  # the cells are the same whatever is evaluated
        dtype = ("float64", "float32")[number % 2]
        cell = coverage.draw_cell(rng, replicates, coverage.NOISES, dtype)
        covered.append(coverage.measure(cell, REFERENCE, rng, "none", number))
    for kind in KINDS.values():
        good += killers.measure(kind, points, seed, "float64", "none", [REFERENCE])
    summary = coverage.summary(covered)
    return {
        "pooled": summary["pooled"], "status 0": summary["status 0"],
        "silent": int(np.sum([row["silent"] for row in good])), "points": len(good),
        "answered": float(np.mean([row["answered"] for row in good])),
        "evaluations": float(np.mean([row["nfev"] for row in good])),
    }  # fmt: skip


def main(
    *,
    seed: int = 0,
    points: int = 4,
    cells: int = 80,
    replicates: int = 60,
    constant: str = "",
    output: str = "",
) -> None:
    """Print coverage and silent errors as they are, and with each constant halved and doubled.

    Args:
        seed: any integer; draws cells, functions, points and noise.
        points: of each kind of function that hides its derivative.
        cells: of which half are float32.
        replicates: of each cell.
        constant: only this one.
        output: a JSON file for the same.
    """
    size = seed, points, cells, replicates
    base = figures(*size)
    rows: list[Row] = [{"constant": "as they are", "value": "", "change": 0.0, **base}]
    for name, value in values().items():
        if constant not in ("", name):
            continue
        for factor in (0.5, 2.0):
            new = changed(name, value, factor)
            with setting(name, new):
                found = figures(*size)
            change = found["pooled"] - base["pooled"]
            rows.append({"constant": name, "value": f"{new:g}", "change": change, **found})
            print(f"{name}={new:g} pooled {change:+.4f} silent {found['silent']}", file=sys.stderr)
    title = f"Constants halved and doubled: {cells} cells, seed={seed}"
    show_rows(title, rows, list(rows[0]))
    write_rows(output, title, rows)
