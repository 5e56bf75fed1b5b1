"""How often 95 % intervals hold the derivative, over functions, points, noise and dtypes.

A *cell* is an elementary function with a scale of its own, a point, a noise and a dtype. Its
replicates differ in noise, in the seed, and by up to 1 % in x: rounding errors at one point are the
same every time, and an interval would hold them always or never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import REFERENCE, differentiate, installed
from benchmarks.problems.drawing import Draw, generator
from benchmarks.problems.rounding import ErrorModel, with_error
from benchmarks.problems.smooth import Smooth, draw_smooth
from benchmarks.verdict import Row, show_rows, with_bar, write_rows

NOISES = (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2)
"""Standard deviations over |f(x)|."""
RESOLVED = 10.0
"""Times the machine epsilon: less noise is not seen among the rounding errors."""
DECADES = 6
"""Points lie between 1e-6 and 1e6."""
NEARBY = 0.01
LOW = 0.90


@dataclass(frozen=True)
class Cell:
    """A function at nearby points, one for each replicate, and the noise of its values."""

    function: Smooth
    x: NDArray[Any]
    noise: float
    dtype: str
    exact: NDArray[np.float64]

    def target(self, rng: np.random.Generator, errors: ErrorModel = "none") -> Callable[[Any], Any]:
        """Return f with noise that is drawn in every call."""
        f = with_error(self.function.values, errors, int(rng.integers(2**63)))
        centre = np.asarray(self.function.x, self.dtype)
        sigma = self.noise * abs(float(self.function.values(centre)))

        def noisy(x: Any) -> Any:
            values = f(x)
            if not sigma:
                return values
            return (values + sigma * rng.normal(size=np.shape(x))).astype(self.dtype)

        return noisy


def draw_cell(
    rng: np.random.Generator, replicates: int, noises: Iterable[float], dtype: str
) -> Cell:
    """Draw a function, a point, and a noise that the dtype can show."""
    shown = [n for n in noises if not n or n > RESOLVED * float(np.finfo(dtype).eps)]
    noise = float(rng.choice(shown))
    draw = Draw(rng, dtype)
    function = draw_smooth(draw, draw.log(10.0**-DECADES, 10.0**DECADES))
    x = (function.x * (1 + NEARBY * rng.uniform(-1, 1, replicates))).astype(dtype)
    return Cell(function, x, noise, dtype, function.slope(x))


def measure(cell: Cell, name: str, rng: np.random.Generator, errors: ErrorModel, seed: int) -> Row:
    """Return the shares of a cell's replicates that are answered and covered."""
    found = differentiate(name, cell.target(rng, errors), cell.x, dtype=cell.dtype, seed=seed)
    answered = found.answered
    return {
        "contender": name, "dtype": cell.dtype, "noise": cell.noise,
        "function": cell.function.name, "x": cell.function.x,
        "good": bool(answered.mean() > 0.5), "answered": int(answered.sum()),
        "covered": int((answered & found.covers(cell.exact)).sum()),
        "nfev": float(found.nfev.mean()),
    }  # fmt: skip


def summary(rows: list[Row]) -> Row:
    """Return the figures of some cells: status 0 in most replicates, pooled coverage, low cells."""
    good = [row for row in rows if row["good"]]
    shares = [row["covered"] / row["answered"] for row in good]
    answered = sum(row["answered"] for row in rows)
    return {
        "cells": len(rows), "status 0": len(good) / len(rows),
        "pooled": sum(row["covered"] for row in rows) / answered if answered else float("nan"),
        "under 90 %": float(np.mean([s < LOW for s in shares])) if shares else float("nan"),
        "evaluations": float(np.mean([row["nfev"] for row in rows])),
    }  # fmt: skip


def main(
    *,
    seed: int = 0,
    cells: int = 400,
    replicates: int = 200,
    dtype: Literal["both", "float64", "float32"] = "both",
    errors: ErrorModel = "none",
    only_ours: bool = False,
    details: bool = False,
    output: str = "",
) -> None:
    """Print the coverage for each dtype and noise, and in total.

    Columns: share of cells with status 0 in more than half of their replicates; pooled coverage of
    the replicates with status 0; share of those cells with a coverage under 90 %; evaluations.

    Args:
        seed: any integer; draws functions, points, noise and seeds.
        cells: of each dtype.
        replicates: of each cell; a coverage has a standard error of 1.5 % at 200.
        dtype: of x and f.
        errors: of up to three units in the last place, added to every function.
        only_ours: leave the others out.
        details: the fifteen cells of ours with the lowest coverage, instead.
        output: a JSON file for the same.
    """
    rows: list[Row] = []
    dtypes = ("float64", "float32") if dtype == "both" else (dtype,)
    names = [REFERENCE] if only_ours else installed()
    for number in with_bar("coverage", list(range(cells * len(dtypes)))):
        rng = generator(seed, number)  # the cells are the same whatever is evaluated
        cell = draw_cell(rng, replicates, NOISES, dtypes[number % len(dtypes)])
        rows += [measure(cell, name, rng, errors, number) for name in names]
    title = f"Coverage of 95 % intervals: {replicates} replicates, errors={errors}, seed={seed}"
    if details:
        good = [{**r, "coverage": r["covered"] / r["answered"]} for r in rows if r["good"]]
        ours = sorted((r for r in good if r["contender"] == REFERENCE), key=lambda r: r["coverage"])
        show_rows(title, ours[:15], ("coverage", "function", "x", "noise", "dtype", "nfev"))
        return
    table = []
    for name in names:
        for kind in dtypes:
            part = [r for r in rows if (r["contender"], r["dtype"]) == (name, kind)]
            for noise in NOISES:
                some = [r for r in part if r["noise"] == noise]
                if name == REFERENCE and some:
                    table.append({"": name, "dtype": kind, "noise": f"{noise:g}", **summary(some)})
            table.append({"": name, "dtype": kind, "noise": "all", **summary(part)})
    show_rows(title, table, list(table[0]))
    write_rows(output, title, table)
