"""What an inference says: estimates, intervals, statuses."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .designs import Floats, Ints
from .measure import TERMS
from .model import quantile
from .sampler import as_block

GOOD, COINCIDE, SCALES, MISFIT, CORNER, STUCK, UNDEFINED = 0, 1, 2, 3, 4, -1, -2

STATUS = {
    GOOD: "a polynomial and independent noise explain the values, and no other scale contradicts",
    COINCIDE: "fewer distinct perturbations than draws: averaging does not reduce the error",
    SCALES: "two scales disagree: what is noise at one is structure at the other; left and right "
    "hold the slopes at the narrower and at the wider scale",
    MISFIT: "truncation or rounding error is not resolved: at no scale do a polynomial and "
    "independent noise explain the values, or the noise is as large as f",
    CORNER: "a corner or a jump at x: left and right hold the one-sided slopes",
    STUCK: "the step does not move x",
    UNDEFINED: "f is not finite at x or near it, or x is not",
}


@dataclass(frozen=True)
class Inference:
    """Slopes inferred from values; arrays of shape (points,).

    Attributes:
        slope: Best point estimate.
        center: Middle of the interval, which is ``center ± t(dof) slope_error``.
        slope_error: Standard error of ``center``.
        dof: Degrees of freedom, infinite if the noise was given.
        status: Key of ``STATUS``; the answer is a success only at 0.
        nfev: Evaluations.
        step: Half-width of the last fit.
        noise: Standard deviation of f about the fit.
        left: Slope on the left, or at the narrower of two scales; NaN where none.
        right: Slope on the right, or at the wider of two scales; NaN where none.
        left_error: Standard error of ``left``.
        right_error: Standard error of ``right``.
        left_step: Scale of ``left``.
        right_step: Scale of ``right``.
        taylor: Taylor coefficients times step^k, shape (terms, points).
        taylor_error: Their standard errors.
    """

    slope: Floats
    center: Floats
    slope_error: Floats
    dof: Floats
    status: Ints
    nfev: Ints
    step: Floats
    noise: Floats
    left: Floats
    right: Floats
    left_error: Floats
    right_error: Floats
    left_step: Floats
    right_step: Floats
    taylor: Floats
    taylor_error: Floats

    def half_width(self, level: float = 0.95) -> Floats:
        """Return half the width of the interval."""
        return np.asarray(quantile(self.dof, (1 + level) / 2) * self.slope_error)


NAMES = tuple(f.name for f in fields(Inference) if not f.name.startswith("taylor"))


def blank_result(points: int) -> dict[str, Any]:
    """Return arrays for results: NaN, and the status of what cannot be evaluated."""
    rows = np.full((len(NAMES) + 2 * TERMS, points), np.nan)
    arrays: dict[str, Any] = dict(zip(NAMES, rows, strict=False))
    arrays["status"], arrays["nfev"] = np.full(points, STUCK), np.zeros(points, int)
    arrays["taylor"], arrays["taylor_error"] = rows[-2 * TERMS : -TERMS], rows[-TERMS:]
    return arrays


def put_result(result: dict[str, Any], i: Ints, part: dict[str, Any]) -> None:
    """Write the results of some points, sorted by their index, to those of all."""
    to = as_block(i)
    for name, array in result.items():
        array[..., to] = part[name]
