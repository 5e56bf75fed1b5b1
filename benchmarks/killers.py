"""Functions that hide their derivatives: who answers, who is right, and who is silently wrong.

A *silent error* is an answer with status 0 that is more than three half-widths and more than 1 %
off. Where several slopes are right (:class:`benchmarks.problems.Problem`), it is judged by the one
that is nearest. So it is without a derivative at x, by the slopes of the two sides; there a status
is the right answer, and those kinds have a total of their own.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from benchmarks.contenders import REFERENCE, Answer, differentiate, installed
from benchmarks.problems import KINDS, ErrorModel, Kind, Problem, draw_problem
from benchmarks.verdict import Row, show_rows, with_bar, write_rows

HALF_WIDTHS = 3.0
SHARE = 0.01
COLUMNS = ("ans", "sil", "cov", "nfev")
"""Answered, silent errors, per cent of the answered that are covered, evaluations for a point."""
LABEL, CELL = 33, 21
"""Widths of the first column, and of the figures of a contender."""


def error(value: float, slope: float) -> float:
    """Return by how much a value is off; infinite slopes are met by infinite values only."""
    return 0.0 if value == slope else abs(value - slope)


def judge(found: Problem, answer: Answer) -> Row:
    """Return whether a contender answered, was silently wrong, and covered the derivative."""
    value, half_width = float(answer.value), float(answer.half_width)
    nearest = min(found.slopes, key=lambda slope: error(value, slope))
    off, answered = error(value, nearest), bool(answer.answered)
    least = SHARE * abs(nearest) if np.isfinite(nearest) else 0.0
    return {
        "answered": answered,
        "silent": answered and off > max(HALF_WIDTHS * half_width, least),
        "covered": answered and any(answer.covers(slope) for slope in found.slopes),
        "nfev": float(answer.nfev), "status": int(answer.status),
        "value": value, "half-width": half_width, "slope": nearest,
        "differentiable": found.differentiable,
    }  # fmt: skip


def measure(
    kind: Kind, points: int, seed: int, dtype: str, errors: ErrorModel, contenders: list[str]
) -> list[Row]:
    """Return a row for each point and contender; every contender has noise of the same seed."""
    rows = []
    for index in range(points):
        for name in contenders:
            found = draw_problem(kind, seed, index, dtype, errors)
            answer = differentiate(name, found.f, found.x, dtype=dtype, seed=seed % 2**32 + index)
            where = {"kind": kind.name, "category": kind.category, "index": index, "x": found.x}
            rows.append({**where, "contender": name, **judge(found, answer)})
    return rows


def summary(rows: list[Row], contenders: list[str]) -> dict[str, tuple[int, int, float, float]]:
    """Return, for each contender, the figures under :data:`COLUMNS`."""
    figures = {}
    for name in contenders:
        part = [row for row in rows if row["contender"] == name]
        covered = [row["covered"] for row in part if row["answered"]]
        figures[name] = (
            len(covered), sum(row["silent"] for row in part),
            float(np.mean(covered)) if covered else float("nan"),
            float(np.mean([row["nfev"] for row in part])),
        )  # fmt: skip
    return figures


def line(label: str, rows: list[Row], contenders: list[str]) -> str:
    """Return a line of the table."""
    found = summary(rows, contenders)
    cells = [f"{a:5d} {s:4d} {100 * c:4.0f} {n:5.0f}" for a, s, c, n in found.values()]
    return " │".join([f"{label:<{LABEL}.{LABEL}} {len(rows) // len(contenders):4d}", *cells])


def totals(rows: list[Row]) -> dict[str, list[Row]]:
    """Return all rows, those of points with a derivative, and those of points without."""
    parts = {"TOTAL": rows}
    for label, differentiable in (("with a derivative", True), ("without a derivative", False)):
        parts[label] = [row for row in rows if row["differentiable"] == differentiable]
    return {label: part for label, part in parts.items() if part}


def main(
    *,
    seed: int = 0,
    points: int = 24,
    dtype: Literal["float64", "float32"] = "float64",
    errors: ErrorModel = "none",
    kinds: str = "",
    only_ours: bool = False,
    details: bool = False,
    output: str = "",
) -> None:
    """Print a row for each kind, and totals.

    Columns: answered with status 0 (ans); silent errors (sil), status 0 and more than three
    half-widths and more than 1 % off; how many per cent of the answered are covered (cov);
    evaluations for each point (nfev).

    Args:
        seed: any integer; draws all functions, points and noise.
        points: of each kind.
        dtype: of x and f.
        errors: of up to three units in the last place, added to every function.
        kinds: only those whose name or category holds this text.
        only_ours: leave the others out.
        details: a row for each silent error of ours, instead.
        output: a JSON file for the totals.
    """
    contenders = [REFERENCE] if only_ours else installed()
    chosen = [k for k in KINDS.values() if kinds in f"{k.category}: {k.name}"]
    rows, lines, category = list[Row](), list[str](), ""
    for kind in with_bar("killers", chosen):
        found = measure(kind, points, seed, dtype, errors, contenders)
        if kind.category != category:
            lines.append(kind.category.upper())
            category = kind.category
        lines.append(line(kind.name, found, contenders))
        rows += found
    title = f"{len(chosen)} kinds, {points} points each, {dtype}, errors={errors}, seed={seed}"
    if details:
        silent = [row for row in rows if row["silent"] and row["contender"] == REFERENCE]
        shown = ("kind", "index", "x", "value", "half-width", "slope", "nfev")
        show_rows(f"Silent errors of ours: {title}", silent, shown)
        return
    header = " │".join(f"{name:^{CELL}}" for name in contenders)
    below = " │".join(["{:>5} {:>4} {:>4} {:>5}".format(*COLUMNS)] * len(contenders))
    gap = " " * (LABEL + 5)
    print("\n".join([title, f"{gap} │{header}", f"{gap} │{below}", *lines, "─" * len(below)]))
    print("\n".join(line(label, part, contenders) for label, part in totals(rows).items()))
    found = [
        {
            "": name, "points": len(rows) // len(contenders), "answered": answered,
            "silent": silent, "covered, of the answered": f"{100 * covered:.0f} %",
            "evaluations": round(nfev),
        }
        for name, (answered, silent, covered, nfev) in summary(rows, contenders).items()
    ]  # fmt: skip
    write_rows(output, title, found)
