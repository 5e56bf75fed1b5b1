"""What :func:`stochgrad.gradient` and :func:`stochgrad.jacobian` return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from stochgrad.differentiate.result import MESSAGES, Result, leaves, over_leaves, show


@dataclass(frozen=True, repr=False)
class GradientResult(Result):
    """A gradient, or a Jacobian, with error bars.

    Arrays have the shape of x for a gradient, ``(…, d)``, and ``(…, m, d)`` for a Jacobian. Where x
    is a dictionary, or another tree of arrays, so are they: of shape ``(m, *leaf)`` for a Jacobian.

    Attributes:
        df: the estimate, in the dtype of the points.
        standard_error: root mean square error of df, float64: from noise, rounding, truncation and,
            of random directions, from their choice. NaN where there are no error bars.
        dof: degrees of freedom of the interval; infinite where the noise of f is known.
        nfev: evaluations of f in all, counted as they were made; a directional derivative counts as
            one, and so does a batch that f refused.
        status: 0 where the value and its error bar can be trusted; else why not, see ``messages``.
            Where it is negative there is no estimate.
        success: whether ``status == 0``.
        seed: repeats the result.
        slope: what the interval is around: the slope whose bias was corrected, which that of df may
            not be.
        slope_error: its standard error.
        epsilon: the step along each variable: half-width of the last fit, or the given step.
        noise: standard deviation of values of f: noise and rounding.
        left: slope on the left of a corner or jump at x along a variable, or the one at the
            narrower of two scales that disagree; NaN elsewhere.
        right: slope on the right, or at the wider of two scales.
        method: ``"coordinates"`` or ``"directions"``.
        estimator: name of the estimator; ``"inference"`` for the error model's own slopes.
        draws: random directions that were averaged; 1 for coordinates.
        predicted_variance: of random directions the variance of each element that theory expects of
            their law, of the noise and of this gradient; 0 along coordinates.
        note: why the method was taken, where it was not asked for.
    """

    df: Any
    standard_error: Any
    dof: Any
    nfev: int
    status: Any
    success: Any
    seed: int
    slope: Any
    slope_error: Any
    epsilon: Any
    noise: Any
    left: Any
    right: Any
    method: str
    estimator: str
    draws: int
    predicted_variance: Any
    note: str = ""

    @property
    def message(self) -> str:
        """How the estimate was made, and what the statuses mean, most frequent first."""
        size = sum(leaf.size for leaf in leaves(self.df))
        how = f"{self.method}, {self.estimator}, {self.nfev} evaluations for {size} elements"
        if self.method == "directions":
            how = f"{self.draws} random {how}"
        why = f" ({self.note})" if self.note else ""
        return f"{how}{why}: {super().message}"

    @property
    def messages(self) -> Any:
        """What the status of each element means, in the form of df."""
        return over_leaves(lambda s: np.vectorize(MESSAGES.get, otypes=[object])(s), self.status)

    def __str__(self) -> str:
        """Show value, interval and status of the first elements, then the message."""
        low, high = self.confidence_interval()
        rows = [
            np.concatenate([np.ravel(leaf) for leaf in leaves(tree)])
            for tree in (self.df, low, high, self.status)
        ]
        whole = type(self.confidence_interval())(rows[1], rows[2])
        return f"{show(rows[0], whole, rows[3])}{self.message}"
