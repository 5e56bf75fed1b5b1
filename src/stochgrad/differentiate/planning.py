"""``stochgrad.plan``: how many evaluations a gradient takes, and which estimator is cheapest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.checks import FEWEST_EVALUATIONS, check_positive
from stochgrad.differentiate.coordinates import CHECKED, best_of, each, inferred
from stochgrad.differentiate.problem import OVERHEAD, PER_VARIABLE, Settings, evaluated, state
from stochgrad.differentiate.random_directions import PILOTS, common_step, looked_along
from stochgrad.errors import ConfigError, shown
from stochgrad.inference.sampler import UNIFORM
from stochgrad.random import Purpose, stream
from stochgrad.stencils.gradients import make_gradient_estimator
from stochgrad.theory.planning import Known, Row, plan_rows

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Plan:
    """What :func:`plan` returns.

    Attributes:
        rows: one for each estimator that can have the ratio, cheapest first:
            :class:`stochgrad.theory.planning.Row`.
        snr: the ratio that was asked for.
        gradient: as inferred at x, shape ``(d,)``.
        noise: standard deviation of a value of f.
        nfev: evaluations that the plan took.
        seed: repeats it.
    """

    rows: list[Row]
    snr: float
    gradient: Floats
    noise: float
    nfev: int
    seed: int

    @property
    def best(self) -> Row:
        """The cheapest row."""
        return self.rows[0]

    def __getitem__(self, estimator: str) -> Row:
        """Return the row of an estimator."""
        for row in self.rows:
            if row.estimator == estimator:
                return row
        raise KeyError(estimator)

    def __str__(self) -> str:
        """Show a table."""
        lines = [
            f"for a signal-to-noise ratio of {self.snr:g}; noise of sd {self.noise:.3g}, gradient "
            f"of length {np.linalg.norm(self.gradient):.4g}",
            f"{'estimator':<18} {'evaluations':>11} {'directions':>10} {'repeats':>7} {'step':>9} "
            f"{'expected':>8}  error is made of",
        ]
        for row in self.rows:
            shares = sorted(row.shares.items(), key=lambda item: -item[1])
            made = ", ".join(f"{key} {share:.0%}" for key, share in shares if share >= 0.005)
            lines.append(
                f"{row.estimator:<18} {row.evaluations:>11} {row.directions:>10} {row.repeats:>7} "
                f"{np.exp(np.log(row.step).mean()):>9.2g} {row.snr:>8.3g}  {made}"
            )
        return "\n".join(lines)

    __repr__ = __str__


def plan(
    f: Callable[..., Any], x: Any, snr: float = 10.0, **settings: Unpack[Settings]
) -> Plan:  # fmt: skip
    """Plan evaluations of a noisy function for gradients of a signal-to-noise ratio.

    f is looked at along every variable, and along eight random directions; what an estimate will be
    off by follows from theory: :mod:`stochgrad.theory.planning`.

    Args:
        f: scalar function, as for :func:`stochgrad.gradient`.
        x: one point, an array of shape ``(d,)``.
        snr: ``‖g‖/√E‖ĝ − g‖²``.
        **settings: as of :func:`stochgrad.gradient`.

    Returns:
        A :class:`Plan`; printed, a table.

    Raises:
        ConfigError: for a setting outside what is allowed, or where noise hides the gradient.

    >>> rng = np.random.default_rng(0)
    >>> noisy = lambda x: np.sin(x).sum(-1) + 1e-3 * rng.standard_normal(x.shape[:-1])
    >>> found = plan(noisy, np.linspace(0, 1, 20), snr=100, seed=0, vectorized=True)
    >>> found.best.estimator, found["spsa"].dominant
    ('central', 'directions')
    """
    snr = check_positive("snr", snr)
    with np.errstate(all="ignore"):
        problem = evaluated(state(f, x, settings))
        if problem.lead or problem.variables.is_tree:
            raise ConfigError(f"x={shown(repr(x))}: must be one point, an array of shape (d,)")
        if lost := problem.not_finite():
            raise ConfigError(f"x={shown(repr(x))}: {lost}; must be finite")
        d, seed = problem.dimension, problem.model.seed
        share = each(problem, d + PILOTS)
        if share < FEWEST_EVALUATIONS:
            least = OVERHEAD + 1 + FEWEST_EVALUATIONS * (d + PILOTS)
            raise ConfigError(
                f"max_evaluations={problem.budget}: must be {least} or more, for {d} variables "
                f"and {PILOTS} directions that are looked along"
            )
        found, near = inferred(problem, min(share, 2 * CHECKED))
        rule = make_gradient_estimator("central")
        steps = best_of(rule, near, problem)[0]
        v = np.where(stream(seed, Purpose.DIRECTION, 1).random((1, PILOTS, d)) < 0.5, -1.0, 1.0)
        along, length = looked_along(problem, v, min(share, CHECKED))
        common = common_step(along, length, (1, 1, PILOTS), problem) * problem.common[0, 0]
    slope, error = near.center, near.slope_error
    gradient2 = float(np.nansum(slope**2) - np.nansum(error**2))
    if not np.nansum(slope**2) > 0:
        raise ConfigError(f"x={shown(repr(x))}: the gradient of f is 0 there, or not finite")
    if not gradient2 > float(np.nansum(error**2)):
        raise ConfigError(
            f"max_evaluations={problem.budget or PER_VARIABLE * (d + PILOTS)}: noise hides the "
            f"gradient, of length {np.sqrt(np.nansum(slope**2)):.2g} ± "
            f"{np.sqrt(np.nansum(error**2)):.2g}; raise it"
        )
    noise = float(np.sqrt(np.nanmean(np.concatenate([near.noise, along.noise]) ** 2)))
    rounding = UNIFORM * problem.field.unit * float(np.abs(problem.values).max())
    powers = problem.common[0, 0] ** 3
    # Less its own error: noise makes a third derivative where there is none.
    third = _less(6 * along.taylor[3], 6 * along.taylor_error[3]) / along.step**3 / powers
    known = Known(
        gradient2, noise, min(rounding, noise), steps,
        _less(2 * near.taylor[2], 2 * near.taylor_error[2]) / near.step**2,
        _less(6 * near.taylor[3], 6 * near.taylor_error[3]) / near.step**3,
        float(common.ravel()[0]), float(np.sqrt(np.nanmean(third**2))), d,
    )  # fmt: skip
    rows = plan_rows(known, snr)
    if not rows:
        raise ConfigError(f"snr={snr:g}: must be less; no estimator has so small a bias")
    return Plan(rows, snr, found["df"][0, 0], noise, problem.field.evaluations, seed)


def _less(value: Floats, error: Floats) -> Floats:
    """Return the size of values, less what their errors explain; 0 where that is all."""
    return np.asarray(np.sqrt(np.maximum(np.nan_to_num(value**2 - error**2), 0)))
