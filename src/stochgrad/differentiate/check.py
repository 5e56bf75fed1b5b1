"""``stochgrad.check_gradient``: is a gradient that of f? Along random directions, with odds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.check_result import MOST_BLAMED, CheckResult
from stochgrad.differentiate.checks import (
    FEWEST_EVALUATIONS,
    check_count,
    check_flag,
    check_level,
    check_positive,
)
from stochgrad.differentiate.claimed import claimed_gradient, not_finite
from stochgrad.differentiate.coordinates import CHECKED
from stochgrad.differentiate.problem import OVERHEAD, Problem, Settings, evaluated, state
from stochgrad.differentiate.random_directions import looked_along
from stochgrad.differentiate.result import OK, explain
from stochgrad.errors import ConfigError
from stochgrad.inference import quantile
from stochgrad.inference.constants import NODES
from stochgrad.random import Purpose, stream

Floats = NDArray[np.float64]

DIRECTIONS = 3
"""An error in one component is seen along every direction of ±1; errors in two that happen to
cancel along one are seen along the next: along three they cancel once in eight times."""
EVALUATIONS = 400
"""A stated prior: 130 along each direction, at which the error model is near its best."""
SHARPER = 0.05
"""Half-width, relative to the difference, of the intervals by which components are blamed: a
stated prior, at which shares of the difference that differ by a tenth are told apart."""
LEAST = NODES + 1
"""Evaluations that a smooth function takes along a line: one fit, and f at the point."""


def check_gradient(
    f: Callable[..., Any], grad: Any, x: Any, *, alpha: float = 0.01, resolution: float = 0.1,
    tolerance: float | None = None, num_directions: int = DIRECTIONS, blame: bool = True,
    **settings: Unpack[Settings],
) -> CheckResult:  # fmt: skip
    """Compare a gradient with values of f, along random directions.

    Along ``v = (±s₁, …, ±s_d)``, s the scales of the variables, the slope of f is inferred with its
    error, and compared with ``grad·v``. An error in any component is in all of them: the cost does
    not grow with d. Under a right gradient the verdict is ``differs`` with a probability of alpha,
    however many directions there are. Where it differs, halves of the variables are compared, and
    halves of those, until the components to blame are found.

    Args:
        f: function of one point, shape ``(d,)``, or of batches ``(n, d)``, that returns a number
            each; see :func:`stochgrad.gradient`.
        grad: the gradient at x in the form of x, or a function that returns it. None for a tensor x
            of PyTorch or JAX: that of their automatic differentiation, through
            ``torch.autograd.Function`` or ``jax.custom_vjp`` as f has them.
        x: one point: an array ``(d,)``, a tensor, a Series, or a tree of arrays.
        alpha: probability of a false alarm, in all.
        resolution: relative error, of the gradient along a direction, that would have to be found
            for ``agrees``; where noise hides it the verdict is ``cannot tell``.
        tolerance: relative error, of the length of the gradient in units of the scales, that is no
            difference; None for the root of the rounding unit of f, half of its digits, or half of
            the resolution if that is less.
        num_directions: n.
        blame: whether to look for the components, with up to ``max_evaluations`` more.
        **settings: as of :func:`stochgrad.gradient`; ``max_evaluations`` is 400 by default.

    Returns:
        A :class:`CheckResult`, which is true if the gradient agrees.

    Raises:
        ConfigError: for a setting outside what is allowed, or a gradient of another shape.

    >>> f = lambda x: np.sin(x).prod()
    >>> wrong = lambda x: np.cos(x) * np.sin(x).prod() / np.sin(x) + [0, 0.01, 0]
    >>> result = check_gradient(f, wrong, [0.3, 0.5, 0.7], seed=0)
    >>> result.verdict, result.components[0][0]
    ('differs', 'x[1]')
    """
    alpha = check_level("alpha", alpha)
    blame = check_flag("blame", blame)
    check_positive("resolution", resolution)
    number = check_count("num_directions", num_directions)
    limit = settings.pop("max_evaluations", None)
    total = EVALUATIONS if limit is None else check_count("max_evaluations", limit)
    least = OVERHEAD + LEAST * number
    if total < least:
        raise ConfigError(
            f"max_evaluations={total} num_directions={number}: must be {least} or more; or take "
            f"fewer directions"
        )
    with np.errstate(all="ignore"):
        problem = evaluated(state(f, x, settings))
        if len(problem.points) != 1 or problem.lead:
            raise ConfigError(f"x of shape {problem.points.shape}: must be one point, (d,)")
        claim = claimed_gradient(grad, f, x, problem)
        lost = np.flatnonzero(~np.isfinite(claim))
        if lost.size:
            return not_finite(problem, claim, lost)
        slack = min(problem.field.unit**0.5, resolution / 2)
        if tolerance is not None:
            slack = check_positive("tolerance", tolerance)
        # The quantile of alpha is about twice that of an interval.
        rtol = min(problem.model.rtol, max(resolution - slack, slack) / 2)
        problem = replace(problem, model=replace(problem.model, rtol=rtol))
        check = Check(problem, claim, alpha, slack)
        signs = stream(problem.model.seed, Purpose.DIRECTION, 2).random((number, len(claim)))
        v = np.where(signs < 0.5, -1.0, 1.0)
        return check.judged(v, total, resolution, blame)


@dataclass
class Check:
    """A claimed gradient beside what values of f say."""

    problem: Problem
    claim: Floats
    alpha: float
    tolerance: float

    def compare(self, v: Floats, most: int, level: float, enough: float = 0.0) -> dict[str, Floats]:
        """Compare along directions ``(n, d)`` in units of the scales; arrays of shape (n,).

        At most so many evaluations are taken along each, or until a half-width is small enough.
        """
        from scipy.special import stdtr  # 0.3 s to import

        model = replace(self.problem.model, atol=max(enough, self.problem.model.atol))
        problem = replace(self.problem, common=self.problem.scale, model=model)
        near, _ = looked_along(problem, v[None], most)
        scaled = v * problem.scale[0]
        claimed = scaled @ self.claim
        size = np.sqrt(((scaled * self.claim) ** 2).sum(axis=-1))
        slack = self.tolerance * np.maximum(size, np.abs(near.center))
        dof = np.minimum(near.dof, 1e9)
        off = np.abs(near.center - claimed)
        beyond = np.maximum(off - slack, 0) / near.slope_error
        reach = quantile(dof, 1 - level / 2) * near.slope_error + slack
        good = near.status == OK
        return {
            "claimed": claimed, "found": near.center, "error": near.slope_error, "off": off,
            "reach": reach, "size": size, "good": good, "status": near.status,
            "differs": good & (off > reach), "p": 2 * stdtr(dof, -beyond), "noise": near.noise,
        }  # fmt: skip

    def judged(self, v: Floats, total: int, resolution: float, blame: bool) -> CheckResult:
        """Return the verdict."""
        problem, number = self.problem, len(v)
        seen = self.compare(v, (total - OVERHEAD) // number, self.alpha / number)
        decided = problem.field.evaluations
        worst = int(np.argmax(np.where(seen["good"], seen["off"] / seen["reach"], 0)))
        scale = np.maximum(np.abs(seen["found"]), np.maximum(seen["size"], np.abs(seen["claimed"])))
        if problem.values is not None:  # a slope that moves f by less than its rounding unit's root
            least = problem.field.unit**0.5 * float(np.abs(problem.values).max())
            scale = np.maximum(scale, least)
        relative = np.where(seen["good"], seen["reach"] / scale, np.inf)
        detects = float(relative.min())
        p = float(min(1.0, np.nanmin(np.where(seen["good"], seen["p"], 1.0)) * number))
        components: list[tuple[str, float, float, float]] = []
        if seen["differs"].any():
            verdict = "differs"
            if blame:
                components = self.blamed(v[worst], total, seen, worst)
            text = self._differs(seen, worst, p, components)
            if blame and not components:
                text += f"\n  which components are to blame takes more than max_evaluations={total}"
        elif not seen["good"].any():
            verdict = "cannot tell"
            text = (
                f"cannot tell: {explain(seen['status'])}; see scale=, noise= and max_evaluations="
            )
            if lost := problem.not_finite():
                text = f"cannot tell: {lost}"
        elif detects > resolution:
            verdict = "cannot tell"
            left = resolution - self.tolerance
            need = total * ((detects - self.tolerance) / left) ** 2 if left > 0 else np.inf
            how = f"about max_evaluations={np.ceil(need):.0f}, or less noise, or a larger scale="
            if left <= 0:
                how = f"a tolerance of less than {self.tolerance:g}"
            text = (
                f"cannot tell: with noise of sd {np.nanmedian(seen['noise']):.2g} only an error of "
                f"{detects:.1%} of the slope would be seen, and resolution={resolution:g} is asked "
                f"for; that takes {how}"
            )
        else:
            verdict = "agrees"
            text = (
                f"agrees along {number} random directions, within an error of {detects:.2g} of the "
                f"slope ({decided} evaluations)"
            )
            text += self._unseen(float(seen["reach"].min()))
        return CheckResult(
            verdict, seen["claimed"], seen["found"], seen["error"], p,
            problem.variables.restored(v[worst] * problem.scale[0]), components, detects,
            problem.field.evaluations, decided, problem.model.seed, text,
        )  # fmt: skip

    def _unseen(self, reach: float) -> str:
        """Return which components could be twice what they are and not be seen."""
        share = np.abs(self.problem.scale[0] * self.claim)
        weak = np.flatnonzero((self.claim != 0) & (share < reach))
        if not weak.size:
            return ""
        names = ", ".join(self.problem.variables.name(int(k)) for k in weak[:MOST_BLAMED])
        more = f" and {weak.size - MOST_BLAMED} more" if weak.size > MOST_BLAMED else ""
        return (
            f"\n  not seen would be an error in {names}{more}: too small beside others; give scale="
        )

    def _differs(
        self, seen: dict[str, Floats], worst: int, p: float,
        components: list[tuple[str, float, float, float]],
    ) -> str:  # fmt: skip
        odds = f"1 in {1 / p:.3g}" if p > 1e-300 else "less than 1 in 1e300"
        text = (
            f"differs: along a random direction the gradient says {seen['claimed'][worst]:.10g}, "
            f"and values of f {seen['found'][worst]:.10g} ± {seen['error'][worst]:.2g}; the odds "
            f"of that are {odds} if the gradient is right"
        )
        for name, claimed, found, error in components:
            text += f"\n  {name}: claimed {claimed:.10g}, found {found:.10g} ± {error:.2g}"
        return text

    def blamed(
        self, v: Floats, left: int, seen: dict[str, Floats], worst: int
    ) -> list[tuple[str, float, float, float]]:
        """Return the components to blame, by halves of the variables.

        One half of v, along which the gradient differs most, is looked along; the slope along the
        other one is the rest of the whole. So many evaluations are left for that.
        """
        enough = SHARPER * float(seen["off"][worst])
        level = self.alpha / (2 * len(v))  # of all the halves there may be
        parts = [Part.of(np.arange(len(v)), seen, worst)]
        while any(len(part.variables) > 1 for part in parts):
            halves = [part for part in parts if len(part.variables) == 1]
            parts = [part for part in parts if len(part.variables) > 1]
            rays = np.zeros((len(parts), len(v)))
            for ray, part in zip(rays, parts, strict=True):
                first = part.variables[: len(part.variables) // 2]
                ray[first] = v[first]
            each = left // len(parts)
            if each < FEWEST_EVALUATIONS:
                return []
            before = self.problem.field.evaluations
            half = self.compare(rays, min(each, CHECKED), level, enough)
            left -= self.problem.field.evaluations - before
            if not half["good"].all():
                return []
            for k, whole in enumerate(parts):
                one = Part.of(whole.variables[: len(whole.variables) // 2], half, k)
                halves += [one, whole.without(one)]
            parts = [part for part in halves if part.difference > part.reach]
            parts = sorted(parts, key=lambda part: -part.difference)[:MOST_BLAMED]
        named = []
        for part in parts:
            unit = float(v[part.variables[0]] * self.problem.scale[0, part.variables[0]])
            name = self.problem.variables.name(int(part.variables[0]))
            named.append((name, part.claimed / unit, part.found / unit, part.error / abs(unit)))
        return named


class Part(NamedTuple):
    """A direction along some of the variables: slopes by the gradient, and as found."""

    variables: NDArray[np.int64]
    claimed: float
    found: float
    error: float
    reach: float

    @classmethod
    def of(cls, index: NDArray[np.int64], seen: dict[str, Floats], row: int) -> Part:
        """Return a row of a comparison."""
        return cls(index, *(float(seen[key][row]) for key in cls._fields[1:]))

    @property
    def difference(self) -> float:
        """Size of the difference of the slopes."""
        return abs(self.claimed - self.found)

    def without(self, first: Part) -> Part:
        """Return the part that is left without the first of its variables."""
        return Part(
            self.variables[len(first.variables) :],
            self.claimed - first.claimed, self.found - first.found,
            float(np.hypot(self.error, first.error)), float(np.hypot(self.reach, first.reach)),
        )  # fmt: skip
