"""What :func:`stochgrad.derivative` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import NUMBER
from stochgrad.errors import ConfigError
from stochgrad.inference import STATUS

OK, DRAWS_COINCIDE, NO_ERROR_BARS, STEP_TOO_SMALL, NOT_FINITE = 0, 1, 5, -1, -2
NOT_RESOLVED = 3
MESSAGES = {
    **STATUS,
    NO_ERROR_BARS: "too few evaluations to estimate an error from: there are no error bars",
}
"""What a status means."""


class Interval(NamedTuple):
    """A confidence interval, named as in SciPy."""

    low: NDArray[Any]
    high: NDArray[Any]


@dataclass(frozen=True)
class DerivativeResult:
    """What :func:`derivative` returns; every array has the shape of x, after an axis of seeds.

    Attributes:
        df: Estimate, in the dtype asked for.
        standard_error: Root mean square error of df, float64: from noise, rounding and truncation.
            NaN where there are no error bars.
        dof: Degrees of freedom of the interval; infinite where the noise of f is known.
        nfev: Evaluations of f for each element. For a function of scalars the first call, with an
            array that it refused, counts as one evaluation of each.
        status: 0 where the value and its error bar can be trusted; else why not, see ``message``.
            Where it is negative there is no estimate.
        success: Whether ``status == 0``.
        seed: Repeats the result; the first one of several.
        slope: What the interval is around: slope of the polynomial through all evaluations, whose
            degree is chosen so that its truncation error is negligible. That of df may not be.
        slope_error: Its standard error.
        epsilon: Step size that was taken; for an automatic regression the half-width of its last
            fit over the scale of x.
        left: Slope on the left of a corner or jump at x, or the one at the narrower of two scales
            that disagree; NaN elsewhere.
        right: Slope on the right, or at the wider of two scales.
        noise: Standard deviation of values of f about the polynomial: noise and rounding.
    """

    df: NDArray[Any]
    standard_error: NDArray[np.float64]
    dof: NDArray[np.float64]
    nfev: NDArray[np.int64]
    status: NDArray[np.int64]
    success: NDArray[np.bool_]
    seed: int
    slope: NDArray[np.float64]
    slope_error: NDArray[np.float64]
    epsilon: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    noise: NDArray[np.float64]

    def __getattr__(self, name: str) -> Any:
        """Say what a name of version 0.1 is called now."""
        if name in RENAMED:
            raise AttributeError(f"{name} has gone: {RENAMED[name]}")
        raise AttributeError(f"DerivativeResult has no attribute {name!r}")

    @property
    def message(self) -> str:
        """What the statuses mean, most frequent first, with how often each occurs."""
        kinds, counts = np.unique(self.status, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        if len(kinds) == 1:
            return MESSAGES[int(kinds[0])]
        return "; ".join(f"{counts[k]} × {MESSAGES[int(kinds[k])]}" for k in order)

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval:
        """Return Student's interval of the derivative, ``slope ± t·slope_error``.

        It is around the slope whose bias was corrected, not around df: where the truncation error
        of df is more than its spread, df may lie outside.

        Raises:
            ConfigError: unless ``0 < confidence_level < 1``.
        """
        if not (isinstance(confidence_level, NUMBER) and 0 < confidence_level < 1):
            raise ConfigError(
                f"confidence_level={confidence_level}: must be a number between 0 and 1"
            )
        from scipy.special import stdtrit  # 0.3 s to import

        dof = np.minimum(self.dof, 1e9)
        half = stdtrit(dof, 0.5 + float(confidence_level) / 2) * self.slope_error
        return Interval(self.slope - half, self.slope + half)

    def __str__(self) -> str:
        """Show value, interval, evaluations and status of the first elements."""
        low, high = self.confidence_interval()
        columns = (self.df, low, high, self.nfev, self.status)
        rows = list(zip(*(np.ravel(c) for c in columns), strict=True))
        lines = [
            f"{df:.10g}  [{a:.10g}, {b:.10g}] 95 %  nfev {n}  status {s}: {MESSAGES[int(s)]}"
            for df, a, b, n, s in rows[:SHOWN]
        ]
        return "\n".join([*lines, *([f"… {len(rows)} elements"] if len(rows) > SHOWN else [])])


RENAMED = {"freedom": "it is dof", "clearance": "intervals do not depend on it any more"}
SHOWN = 8
"""Elements that a printed result shows."""
