"""Error bars of an estimate, from its own evaluations, and whether they can be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Array, Backend, get_backend
from stochgrad.inference.local_fit import POINTS_PER_DEGREE, TWO_SIDED, LocalFit, fit
from stochgrad.inference.residuals import NEGLIGIBLE, NOISY, student
from stochgrad.inference.taylor_terms import TaylorTerms
from stochgrad.stencils.base import Estimator, Rule, layout, step_scale
from stochgrad.stencils.estimate import Estimate, Plan

Floats = NDArray[np.float64]

OK = 0
DRAWS_COINCIDE = 1
TRUNCATED = 2
ROUNDED = 3
STEP_TOO_SMALL = -1
NOT_FINITE = -2

MESSAGES = {
    OK: "estimated",
    TRUNCATED: "truncation: f is not seen to follow the polynomial that error bars need this far",
    ROUNDED: "rounding: there are too few floats between the points for its errors to average out",
    DRAWS_COINCIDE: "draws coincide: their mean is no better, and the standard error is too small",
    NOT_FINITE: "the estimate is NaN or infinite",
    STEP_TOO_SMALL: "the step does not move x in this dtype",
}
"""What each status means; the status of an element is the last of these that holds."""

RECORDED = 2**24
"""Evaluations that are kept for error bars; of more, those of the first draws."""
FEWEST = 33
"""But so many at each point in any case."""
WILD = 0.2
"""Of the values: a scatter larger than this is no noise that can be told from waves of f."""
FAR = 2.0
"""Steps over x: where they go further, nothing that they see tells of a singularity at 0."""
ZERO = 1e-6
"""But an x that is smaller than this part of a step is taken for a zero."""
NEARER = 0.75
"""Power of the smaller of two lengths, where one between them is taken."""
BLIND = 0.25
"""Of the error of a slope without bias: another's, bias included, that is preferred to it."""
COHERENT = 0.17
"""Rounding errors that go together over this part of the floats, over √N, bias the mean by 0.3
standard errors: ``0.5·part`` of a unit, against ``1/√(12N)``."""
HARMONICS = (1, 2, 3)
HIDDEN = 8.0
"""Floats over which errors may go together that are made on the way to f, by a rounding of its
argument: where neighbouring floats give values far apart, they are larger than those of f."""
FLOATS = 16
"""That a single step has to span: over fewer, the roundings of two values of f, half a unit each,
are a sixteenth of the difference and more where f changes as fast as x."""
INDEPENDENT = 2000.0
"""Rounding errors count as no more different ones than so many: the functions of a library are off
by a little that goes smoothly with x, too."""
ARITHMETIC = 2 * float(np.finfo(np.float64).eps)
"""Of a slope: what the arithmetic of the fit itself is off by, 1.4 to 2.3 eps where it was compared
with one of 40 digits. It shows where f has next to no rounding, as log x at 1."""
PAIRS = 5
"""Of equal points, at least, to tell noise by: of few values, noise often has the same one."""
ALIKE = 0.01
"""Odds at which noise that is smaller at equal points than around the polynomial is none."""


class Recorder:
    """A black box that keeps what it was asked, and what it answered.

    Args:
        f: the black box; what it returns is not changed later.
        shape: of one evaluation, replicates first: ``(R, …)``.
        xp: backend of its arrays.
        rule: the estimator that asks.

    Attributes:
        points: arrays of points, each ``(k, …)``; none without draws, which nothing looks at.
        values: of f there.
        precision: machine epsilon of the dtype of its values; 0 before it was asked.
    """

    def __init__(
        self, f: Callable[[Array], Array], shape: tuple[int, ...], xp: Backend, rule: Estimator
    ) -> None:
        self._f, self._shape, self._xp = f, shape, xp
        self._most = max(RECORDED, FEWEST * math.prod(shape)) if rule.draws_per_step else 0
        self._kept = 0
        self.precision = 0.0
        self.points: list[NDArray[Any]] = []
        self.values: list[NDArray[Any]] = []

    def __call__(self, points: Array) -> Array:
        """Return f at the points."""
        values = self._f(points)
        if self._xp.is_complex(points):
            return values
        found = np.asarray(self._xp.to_numpy(values))
        kind = found.dtype if found.dtype.kind == "f" else np.dtype(np.float64)
        self.precision = max(self.precision, float(np.finfo(kind).eps))
        if self._kept < self._most:
            at = np.asarray(self._xp.to_numpy(points))
            rows = (math.prod(at.shape[: at.ndim - len(self._shape)]), *self._shape)
            self.points.append(at.reshape(rows))
            self.values.append(found.astype(kind, copy=False).reshape(rows))
            self._kept += at.size
        return values


@dataclass(frozen=True)
class ErrorBars:
    """Of an averaged estimate; arrays have the shape of its mean.

    Attributes:
        slope: least-squares slope through the evaluations, which the interval is around.
        slope_error: its standard error.
        freedom: degrees of freedom of that.
        clearance: noise that was found, over the least with which status would be the same
            (:mod:`stochgrad.inference.intervals`); infinite where status has not to do with it.
        error: standard error of the estimate itself, with what its bias is seen to be.
        status: what :data:`MESSAGES` says.
    """

    slope: Floats
    slope_error: Floats
    freedom: Floats
    clearance: Floats
    error: Floats
    status: NDArray[np.int64]


def assess(
    rule: Estimator,
    found: Estimate,
    record: Recorder,
    x: NDArray[Any],
    size: NDArray[Any],
    epsilon: float | Plan,
    noise: Floats | float | None = None,
    taylor: TaylorTerms | None = None,
) -> ErrorBars:
    """Judge an estimate by a polynomial through its evaluations.

    The least-squares slope c is the best linear unbiased estimate there is from these values, so
    its error has no correlation with ``df − c`` (Gauss and Markov): the mean square of
    ``(df − c)² + Var c`` is the mean square error of df, whatever the bias of df. Where draws are
    too alike to show how f bends, as those of ``central`` with a jitter of ε, that variance is far
    too large: then a slope of a lower degree is taken for c, with the bias that it may have.

    Rounding errors count as noise, drawn afresh at every float. Draws from F floats average only
    the part that differs between them: N of them have the variance of ``1/(1/N + 1/F)``.

    Args:
        rule: the estimator.
        found: what it estimated, shapes ``(R, …)``.
        record: its evaluations.
        x: points in their dtype, shape ``(…)``.
        size: what steps are multiplied by, shape ``(…)``: 1 for absolute ones.
        epsilon: step size, or the plan of step sizes.
        noise: standard deviation of the noise of f, if it is known.
        taylor: the Taylor terms of f, if they are known.
    """
    mean = found.mean.astype(np.float64)
    status = np.full(mean.shape, OK, np.int64)
    nothing = np.full(mean.shape, np.nan)
    bars = ErrorBars(nothing, nothing, nothing, nothing, nothing, status)
    if rule.draws_per_step and int(found.draws.min()) > 1:
        bars = _from_draws(rule, found, record, x, size, epsilon, noise, taylor)
        status = bars.status
    step = _of(lambda rule, e: e, rule, epsilon)
    if rule.perturbs and int(found.draws.max()) == 1:
        status = np.where(_short(rule, x, size * step, record.precision), ROUNDED, status)
    status = np.where(np.isfinite(mean), status, NOT_FINITE)
    if rule.perturbs:
        unmoved = (x + (size * step).astype(x.dtype) == x) & np.isfinite(x)
    else:
        unmoved = np.broadcast_to(step < rule.smallest_epsilon(x.dtype.name, 0), mean.shape)
    status = np.where(unmoved, STEP_TOO_SMALL, status)
    return replace(bars, status=status)


def _from_draws(
    rule: Estimator,
    found: Estimate,
    record: Recorder,
    x: NDArray[Any],
    size: NDArray[Any],
    epsilon: float | Plan,
    noise: Floats | float | None,
    taylor: TaylorTerms | None,
) -> ErrorBars:
    mean = found.mean.astype(np.float64)
    points, values = np.concatenate(record.points), np.concatenate(record.values)
    # f(x) itself is no draw: its rounding error is the same for all seeds, and weighs much in a fit
    # on one side.
    drawn = (points != x).reshape(len(points), -1).any(axis=1)
    if drawn.sum() >= POINTS_PER_DEGREE:  # else all draws are as good as x
        points, values = points[drawn], values[drawn]
    h = _of(lambda rule, e: e, rule, epsilon) * np.abs(size)
    fitted = fit(points.astype(np.float64) - x, values, _length(rule, x, h), noise, taylor)
    spacing = np.spacing((np.abs(x) + h).astype(x.dtype)).astype(np.float64)
    floats = _of(lambda rule, e: rule.interval(e), rule, epsilon) * np.abs(size) / spacing
    draws = int(found.draws.max())
    noisy, noisiest = _noisy(points, values, fitted, spacing, floats, noise)
    stairs = _stairs(points, values)
    if noise is None:
        noisy &= ~stairs
    different = np.clip(floats, 1e-300, INDEPENDENT)
    per_float = np.where(noisy, 0.0, draws * rule.draws_per_step / 2 / different)
    slope_error = np.hypot(fitted.error * np.sqrt(1 + per_float), ARITHMETIC * np.abs(fitted.slope))
    status = np.where(fitted.truncation <= NEGLIGIBLE, OK, TRUNCATED)
    if noise is None:
        status = np.where(_wild(values, fitted), TRUNCATED, status)
    if taylor is None:
        status = np.where((h > FAR * np.abs(x)) & ~_zero(x, h), TRUNCATED, status)
    # The estimate itself tells how fast f changes, too: points on two spots leave the slope of a
    # polynomial of high degree to rounding errors.
    few = _coherent(fitted, values, spacing, floats, h, draws)
    few |= _coherent(replace(fitted, slope=mean), values, spacing, floats, h, draws)
    status = np.where((few | stairs) & ~noisy, ROUNDED, status)
    alike = ~found.distinct | (floats < draws)
    status = np.where(alike & ~noisy, DRAWS_COINCIDE, status)
    least = np.where(few | alike, np.maximum(fitted.least, noisiest), fitted.least)
    clearance = np.where(least > 0, fitted.noise / least, np.inf)
    # Where the points do not show how f bends, what it may bend is a better guess.
    blind = fitted.rough_error < BLIND * fitted.error
    nearest = np.where(blind, fitted.rough, fitted.slope)
    nearest_error = np.where(blind, fitted.rough_error * np.sqrt(1 + per_float), slope_error)
    error = np.hypot(mean - nearest, nearest_error)
    return ErrorBars(fitted.slope, slope_error, fitted.freedom, clearance, error, status)


def _of(value: Callable[[Estimator, float], float], rule: Estimator, epsilon: float | Plan) -> Any:
    """Return a property of the step, at every point where there is a plan."""
    return epsilon.of(value) if isinstance(epsilon, Plan) else np.asarray(value(rule, epsilon))


def _zero(x: NDArray[Any], h: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.abs(x) <= ZERO * h)


def _length(rule: Estimator, x: NDArray[Any], h: Floats) -> Floats:
    """Return the length over which f is expected to change.

    Functions commonly have one of two, |x| and 1: the smaller one where steps are relative, and
    what is nearer to it than to the other where that would be far off.
    """
    length = np.abs(x.astype(np.float64))
    smaller, larger = np.minimum(length, 1.0), np.maximum(length, 1.0)
    nearer = smaller**NEARER * larger ** (1 - NEARER)
    nearer = np.where(_zero(x, h), 1.0, nearer)
    small = ~_zero(x, h) & (length < 1) & rule.relative
    return np.asarray(np.where(small, length, nearer))


def _short(
    rule: Estimator, x: NDArray[Any], h: NDArray[Any], precision: float
) -> NDArray[np.bool_]:
    """Tell where the shortest step spans fewer than ``FLOATS`` floats of the precision of f."""
    part = layout(rule).shortest if isinstance(rule, Rule) else 1.0
    return np.asarray(part * np.abs(h) < FLOATS * precision * np.abs(x.astype(np.float64)))


def _wild(values: NDArray[Any], fitted: LocalFit) -> NDArray[np.bool_]:
    """Tell where values scatter as widely as they are large: a noise, or waves between points."""
    part = values.astype(np.float64) / fitted.noise
    return np.asarray(WILD**2 * (part**2).mean(axis=0) < 1)


def _noisy(
    points: NDArray[Any],
    values: NDArray[Any],
    fitted: LocalFit,
    spacing: Floats,
    floats: Floats,
    noise: Floats | float | None,
) -> tuple[NDArray[np.bool_], Floats]:
    """Tell where values differ by more than rounding: by their residuals, or at equal points.

    Rounding is up to ``NOISY`` units of f, or what f changes by where its argument is rounded.
    Noise averages at any step. Where there are few residuals, more of it is asked for: those draws
    that happen to look noisy are no fair choice. Returned as well is how large residuals had to be
    for that; 0 where they did not decide.
    """
    least = np.zeros(fitted.slope.shape)
    if noise is not None:  # less than a unit of f does not make its roundings different ones
        return np.asarray(np.broadcast_to(noise, least.shape) > _ulp(values)), least
    unit = np.maximum(NOISY * _ulp(values), np.abs(fitted.slope) * spacing)
    least = unit * student(TWO_SIDED, fitted.freedom) / TWO_SIDED
    noisy = fitted.noise > least
    if (floats < 20 * len(points)).any():  # else no two points are likely to be equal
        order = np.argsort(points, axis=0, kind="stable")
        step = np.diff(np.take_along_axis(points, order, 0), axis=0)
        rise = np.diff(np.take_along_axis(values, order, 0), axis=0)
        same = step == 0
        pairs = same.sum(axis=0)
        met = pairs >= PAIRS
        if met.any():
            random = _random(pairs, np.where(same, rise, 0.0), fitted)
            noisy, least = np.where(met, random, noisy), np.where(met, 0.0, least)
    return np.asarray(noisy), np.asarray(least)


def _stairs(points: NDArray[Any], values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell where f runs through fewer values than half the points, most of them in runs.

    Values that were rounded, to decimals say, look like noise around a polynomial, but from point
    to point they are the same: where f rises or falls they change once for each value, and twice
    where it does both. Noise that has few values, as counts have, changes more often; a function
    that is flat on one side only takes many values once.
    """
    edge = np.ones((len(values) + 1, *values.shape[1:]), bool)
    edge[1:-1] = np.diff(np.sort(values, axis=0), axis=0) != 0
    different = edge[1:].sum(axis=0)
    once = (edge[1:] & edge[:-1]).sum(axis=0)
    few = np.asarray((different < len(values) / 2) & (once <= different / 2))
    if not few.any():  # the rule: points need not be sorted
        return few
    order = np.argsort(points, axis=0, kind="stable")
    changes = (np.diff(np.take_along_axis(values, order, 0), axis=0) != 0).sum(axis=0)
    return np.asarray(few & (changes <= 2 * different))


def _random(pairs: NDArray[np.int64], rise: Floats, fitted: LocalFit) -> NDArray[np.bool_]:
    """Tell where values at one point differ as much as those at others do.

    A deterministic function has one value at one point; a rounding of its argument beside noise
    shows in what is left of the polynomial only.
    """
    from scipy.special import chdtri  # 0.3 s to import, and draws seldom meet

    square = ((rise.astype(np.float64) / fitted.noise) ** 2).sum(axis=0) / 2
    return np.asarray(square > chdtri(np.maximum(pairs, 1), 1 - ALIKE))


def _ulp(values: NDArray[Any]) -> Floats:
    return np.asarray(np.spacing(np.abs(values).max(axis=0)), np.float64)


def _coherent(
    fitted: LocalFit, values: NDArray[Any], spacing: Floats, floats: Floats, h: Floats, draws: int
) -> NDArray[np.bool_]:
    """Tell where rounding errors go together over too many neighbouring floats.

    From one float to the next f moves by ``r = f′·ulp(x)/ulp(f)`` units, and its rounding error by
    the fractional part of r: near a whole number (0 where f hardly changes) errors drift slowly,
    over ``1/|r − n|`` floats, and where r passes one, as f′ changes by ``f″h``, over
    ``(ulp(f)/(|f″|ulp(x)²))^½``. Near n/2 and n/3 the same happens to a half and a third of them.
    """
    ulp = _ulp(values)
    rate = np.abs(fitted.slope) * spacing / ulp
    bend = fitted.curvature * spacing / ulp
    stationary = 1 / np.sqrt(np.maximum(bend * spacing, 1e-300))
    worst = np.zeros(rate.shape)
    for q in HARMONICS:
        off = np.abs(q * rate - np.round(q * rate)) - q * bend * h
        drift = 1 / np.maximum(off, 1e-300)
        length = np.maximum(np.minimum(stationary / np.sqrt(q), drift), 1.0)
        worst = np.maximum(worst, length / q)
    worst = np.where(rate > 1, np.maximum(worst, HIDDEN), worst)
    part: Floats = worst / np.maximum(floats, 1e-300)
    return np.asarray(part > COHERENT / np.sqrt(draws))


def step_size(rule: Estimator, x: NDArray[Any], min_scale: float = 0.0) -> NDArray[Any]:
    """Return what ε is multiplied by at each point: 1 for absolute steps."""
    if not rule.relative:
        return np.ones_like(x)
    size: NDArray[Any] = np.abs(step_scale(x, min_scale, get_backend("numpy")))
    return size
