"""What :func:`stochgrad.derivative`, :func:`stochgrad.gradient` and their kin return."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import check_level
from stochgrad.inference import STATUS, quantile

OK, DRAWS_COINCIDE, NO_ERROR_BARS, STEP_TOO_SMALL, NOT_FINITE = 0, 1, 5, -1, -2
NOT_RESOLVED = 3
MESSAGES = {
    **STATUS,
    NO_ERROR_BARS: "too few evaluations to estimate an error from: there are no error bars",
}
"""What a status means."""


class Interval(NamedTuple):
    """A confidence interval, named as in SciPy."""

    low: Any
    high: Any


def over_leaves(work: Callable[..., Any], *trees: Any) -> Any:
    """Apply a function to the arrays of trees of one structure."""
    first = trees[0]
    if isinstance(first, Mapping):
        return {key: over_leaves(work, *(tree[key] for tree in trees)) for key in first}
    if isinstance(first, list | tuple):
        parts = [over_leaves(work, *part) for part in zip(*trees, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return work(*trees)


def leaves(tree: Any) -> list[Any]:
    """Return the arrays of a tree."""
    if isinstance(tree, Mapping):
        return [leaf for value in tree.values() for leaf in leaves(value)]
    if isinstance(tree, list | tuple):
        return [leaf for value in tree for leaf in leaves(value)]
    return [np.asarray(tree)]


def explain(status: Any) -> str:
    """Return what statuses mean, most frequent first, with how often each occurs."""
    every = np.concatenate([np.ravel(leaf) for leaf in leaves(status)])
    kinds, counts = np.unique(every, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    if len(kinds) == 1:
        return MESSAGES[int(kinds[0])]
    return "; ".join(f"{counts[k]} × {MESSAGES[int(kinds[k])]}" for k in order)


class Result:
    """A result whose attributes are also its items, as those of SciPy are."""

    status: Any
    dof: Any
    slope: Any
    slope_error: Any
    df: Any
    nfev: Any

    def __getitem__(self, name: str) -> Any:
        """Return an attribute by its name."""
        if name not in self.keys():
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        """Go through the names of attributes, as through those of a dictionary."""
        return iter(self.keys())

    def keys(self) -> list[str]:
        """Return the names of the attributes."""
        return [*(f.name for f in fields(self)), "message"]  # type: ignore[arg-type]

    @property
    def message(self) -> str:
        """What the statuses mean, most frequent first, with how often each occurs."""
        return explain(self.status)

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval:
        """Return Student's interval of the derivative, ``slope ± t·slope_error``.

        It is around the slope whose bias was corrected, not around df: where the truncation error
        of df is more than its spread, df may lie outside.

        Raises:
            ConfigError: unless ``0 < confidence_level < 1``.
        """
        level = check_level("confidence_level", confidence_level)

        def half(dof: Any, error: Any) -> Any:
            return quantile(dof, 0.5 + level / 2) * error

        wide = over_leaves(half, self.dof, self.slope_error)
        return Interval(
            over_leaves(lambda a, b: a - b, self.slope, wide),
            over_leaves(lambda a, b: a + b, self.slope, wide),
        )

    def __repr__(self) -> str:
        """Show one attribute a line, as SciPy's results do."""
        names = self.keys()
        width = max(map(len, names)) + 1
        lines = []
        for name in names:
            text = (
                np.array2string(v, threshold=SHOWN, precision=6)
                if isinstance(v := getattr(self, name), np.ndarray)
                else str(v)
            )
            lines.append(f"{name:>{width}}: " + text.replace("\n", "\n" + " " * (width + 2)))
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class DerivativeResult(Result):
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
        left_error: Standard error of ``left``.
        right_error: Standard error of ``right``.
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
    left_error: NDArray[np.float64]
    right_error: NDArray[np.float64]
    noise: NDArray[np.float64]

    def __getattr__(self, name: str) -> Any:
        """Say what a name of version 0.1 is called now."""
        if name in RENAMED:
            raise AttributeError(f"{name} has gone: {RENAMED[name]}")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __str__(self) -> str:
        """Show value, interval, evaluations and status of the first elements, then the message."""
        shown = show(self.df, self.confidence_interval(), self.status, self.nfev)
        return f"{shown}{self.message}"


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


def show(df: Any, interval: Interval, status: Any, nfev: Any = None) -> str:
    """Return value, interval, evaluations and status of the first elements, one a line."""
    arrays = [np.ravel(c) for c in np.broadcast_arrays(df, *interval, status)]
    counts = None if nfev is None else np.ravel(np.broadcast_to(nfev, np.shape(df)))
    lines = []
    for k, (value, low, high, code) in enumerate(zip(*(a[:SHOWN] for a in arrays), strict=True)):
        cost = "" if counts is None else f"  nfev {counts[k]}"
        d = digits(low, high)
        lines.append(f"{value:.{d}g}  [{low:.{d}g}, {high:.{d}g}] 95 %{cost}  status {code}")
    if len(arrays[0]) > SHOWN:
        lines.append(f"… {len(arrays[0])} elements")
    return "\n".join(lines) + (": " if len(arrays[0]) == 1 else "\n")


def digits(low: Any, high: Any) -> int:
    """Return how many digits tell the ends of an interval apart: two more than they share.

    >>> digits(0.5403023, 0.5403025), digits(-1.0, 1.0), digits(float("nan"), 1.0)
    (9, 4, 10)
    """
    ratio = (abs(high - low) or 1e-17) / (max(abs(low), abs(high)) or 1.0)
    return int(np.clip(2 - np.floor(np.log10(ratio)), 4, 17)) if 0 < ratio < np.inf else 10


RENAMED = {"freedom": "it is dof", "clearance": "intervals do not depend on it any more"}
SHOWN = 8
"""Elements that a printed result shows."""
