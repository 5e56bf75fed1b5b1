"""Whether our number agrees with a published one, by one rule for all cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from stochgrad.suite.analysis.intervals import t_interval

FEWEST_SEEDS = 3
WIDEST = 2.0
"""Half an interval, over the tolerance: a wider one would agree with nearly anything."""
AGREES, BETTER, WORSE, DIFFERS, UNTOLD = "agrees", "better", "worse", "differs", "cannot tell"
ABSENT = "no run yet"
"""In place of a verdict."""
RULE = (
    "An interval of 95 % (Student's, over seeds) stands beside the published value p, for which "
    "the paper gives no interval: p ± t is allowed, with the tolerance t in the table. Better or "
    "worse: the whole interval lies beyond p ± t on that side (differs, where neither side is "
    f"better). Agrees: it reaches into p ± t, and half of it is at most {WIDEST:g} t. Cannot tell: "
    f"everything else, fewer than {FEWEST_SEEDS} seeds, and runs that are shorter than the paper's."
)


@dataclass(frozen=True)
class Verdict:
    """Our number, and how it stands beside the published one.

    Attributes:
        mean: over seeds.
        low: end of its interval; NaN for a single seed.
        high: likewise.
        verdict: one of the five words.
        reason: why it cannot be told, or nothing.
    """

    mean: float
    low: float
    high: float
    verdict: str
    reason: str = ""


def judge(
    values: Any, published: float | None, tolerance: float, better: str, shorter: str = ""
) -> Verdict:
    """Compare the values of some seeds with a published one.

    Args:
        values: shape ``(seeds,)``.
        published: value; None if there is none.
        tolerance: t, in its unit.
        better: ``lower``, ``higher``, or ``equal`` where neither is.
        shorter: why the runs are not the paper's.

    >>> judge([2.0, 2.1, 1.9], 2.66, 0.27, "lower").verdict
    'better'
    >>> judge([2.0], 2.66, 0.27, "lower").reason
    'fewer than 3 seeds'
    """
    values = np.asarray(values, np.float64)
    mean, low, high = float(values.mean()), math.nan, math.nan
    if len(values) > 1:
        found = t_interval(values)
        low, high = float(found.low), float(found.high)
    if published is None:
        return Verdict(mean, low, high, UNTOLD, "no published value")
    if shorter:
        return Verdict(mean, low, high, UNTOLD, shorter)
    if not np.isfinite(values).all():
        return Verdict(mean, low, high, UNTOLD, "a run failed")
    if len(values) < FEWEST_SEEDS:
        return Verdict(mean, low, high, UNTOLD, f"fewer than {FEWEST_SEEDS} seeds")
    if low > published + tolerance or high < published - tolerance:
        above = low > published
        if better == "equal":
            return Verdict(mean, low, high, DIFFERS)
        return Verdict(mean, low, high, BETTER if above == (better == "higher") else WORSE)
    if (high - low) / 2 > WIDEST * tolerance:
        return Verdict(mean, low, high, UNTOLD, "the interval is too wide")
    return Verdict(mean, low, high, AGREES)
