"""Confidence intervals that figures show, each for what varies in the data it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
ROUND_OFF = 1e-12
"""Difference, relative to the mean, below which values count as equal."""
RESAMPLES = 1999
"""An end of an interval is then the quantile of 2.5 % to within √(0.025·0.975/1999) = 0.35 %: to
within 6 % of the standard deviation, which 20 values tell to within a sixth."""
ROWS_AT_ONCE = 250
"""To bound memory."""
LARGEST_RATIO = 100.0
"""Largest ratio of half an interval to its mean on a logarithmic axis: no axis reaches so far, and
nothing overflows."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A centre with a lower and an upper bound; arrays of one shape."""

    centre: Floats
    low: Floats
    high: Floats

    def __getitem__(self, index: Any) -> Interval:
        return Interval(self.centre[index], self.low[index], self.high[index])


def t_quantile(count: int) -> float:
    """Return Student's quantile for a two-sided interval of 95 % from so many values."""
    from scipy.special import stdtrit  # 0.3 s to import, for replicates only

    return float(stdtrit(count - 1, 0.5 + LEVEL / 2)) if count > 1 else math.nan


def t_interval(values: Any, *, log: bool = False) -> Interval:
    """Return Student's interval of the mean over the last axis: ``m ± t·s/√n``.

    With ``log`` it is formed for ``log m`` by the delta method, ``m·exp(±t·s/(m√n))``: of the same
    coverage to first order, and positive, as a logarithmic axis needs. Where m is not positive it
    is the plain one.

    Args:
        values: shape ``(…, n)``, n ≥ 2.
        log: for a logarithmic axis.
    """
    values = np.asarray(values, float)
    n = values.shape[-1]
    mean = values.mean(axis=-1)
    half = t_quantile(n) * values.std(axis=-1, ddof=1) / math.sqrt(n)
    if not log:
        return Interval(mean, mean - half, mean + half)
    usable = mean > 0
    ratio = np.divide(half, mean, out=np.zeros_like(half), where=usable)
    factor = np.exp(np.minimum(ratio, LARGEST_RATIO))
    low = np.where(usable, mean / factor, mean - half)
    return Interval(mean, low, np.where(usable, mean * factor, mean + half))


def bootstrap_interval(values: Any) -> Interval:
    """Return the bias-corrected and accelerated bootstrap interval of the mean over the last axis.

    For what is far from normal, or of unknown distribution. The resamples are the same every time.
    Where all values are equal, the interval is that value; with fewer than two, or where one is not
    finite, it is NaN.

    Args:
        values: shape ``(…, n)``.

    Reference: B. Efron, "Better bootstrap confidence intervals", J. Am. Stat. Assoc. 82 (1987).
    """
    values = np.asarray(values, float)
    mean = values.mean(axis=-1)
    low, high = np.full_like(mean, np.nan), np.full_like(mean, np.nan)
    usable = np.isfinite(values).all(axis=-1) & (values.shape[-1] > 1)
    constant = usable & (np.ptp(values, axis=-1) <= ROUND_OFF * np.abs(mean))
    low[constant], high[constant] = mean[constant], mean[constant]
    varied = usable & ~constant
    if varied.any():
        from scipy.stats import bootstrap  # a second to import, for groups of runs only

        rows = values[varied]
        for part in np.array_split(np.arange(len(rows)), math.ceil(len(rows) / ROWS_AT_ONCE)):
            found = bootstrap(
                (rows[part],), np.mean, axis=-1, n_resamples=RESAMPLES, batch=RESAMPLES // 9,
                confidence_level=LEVEL, method="BCa", rng=np.random.default_rng(0),
            ).confidence_interval  # fmt: skip
            at = np.flatnonzero(varied)[part]
            low.flat[at], high.flat[at] = found.low, found.high
    return Interval(mean, low, high)


def bootstrap_intervals(samples: Sequence[Any]) -> list[Interval]:
    """Return the interval of each of several samples, those of one shape all at once."""
    shapes: dict[tuple[int, ...], list[int]] = {}
    for i, sample in enumerate(samples):
        shapes.setdefault(np.shape(sample), []).append(i)
    found: dict[int, Interval] = {}
    for places in shapes.values():
        all_of = bootstrap_interval(np.array([samples[i] for i in places], float))
        found |= {i: all_of[k] for k, i in enumerate(places)}
    return [found[i] for i in range(len(samples))]
