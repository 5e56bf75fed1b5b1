"""Automatic steps: the slope that is inferred, and the step that is best for another rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.backends import Backend, get_backend
from stochgrad.differentiate.black_box import BlackBox
from stochgrad.differentiate.stepped import Found, with_given_step
from stochgrad.inference import Inference, infer
from stochgrad.stencils.base import Estimator, Function, Target, step_scale
from stochgrad.theory.prediction import Local, best_epsilon

STEPS_PER_DECADE = 8
"""Step sizes that are compared: neighbours differ by a third, their errors by less than a fifth
where bias and noise are equal (``h²`` and ``1/h``, in the root of the sum of squares)."""
SHARE = 0.5
"""Share of the evaluations that the search for another rule's step may take."""


def infer_all(
    f: Function, x: NDArray[Any], seeds: list[int], xp: Backend, search: dict[str, Any]
) -> Found:
    """Infer the derivative for every seed at every point."""
    found = _search(f, x, seeds, xp, search)
    shape = len(seeds), *x.shape
    size = np.abs(x.astype(float))
    df = found.slope.reshape(shape)
    bars = found.slope_error.reshape(shape) if search["error_bars"] else np.full(shape, np.nan)
    return {
        "df": df.astype(x.dtype),
        "standard_error": bars,
        "dof": found.dof.reshape(shape),
        "nfev": found.nfev.reshape(shape),
        "status": found.status.reshape(shape),
        "slope": found.center.reshape(shape),
        "slope_error": bars,
        "epsilon": found.step.reshape(shape) / np.where(size > 0, size, 1),
        "left": found.left.reshape(shape),
        "right": found.right.reshape(shape),
        "left_error": found.left_error.reshape(shape),
        "right_error": found.right_error.reshape(shape),
        "noise": found.noise.reshape(shape),
    }


def _search(
    f: Function, x: NDArray[Any], seeds: list[int], xp: Backend, search: dict[str, Any]
) -> Inference:
    settings = dict(search)
    every = np.tile(x.ravel(), len(seeds))
    for key, bound in zip(("lower", "upper"), settings.pop("bounds"), strict=True):
        settings[key] = np.tile(bound.ravel(), len(seeds))
    noise = settings["noise"]
    if isinstance(noise, np.ndarray):
        settings["noise"] = np.tile(noise.ravel(), len(seeds))
    located = bool(getattr(f, "located", False))

    def evaluate(points: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
        where = {"columns": columns} if located else {}
        values = xp.to_numpy(f(xp.asarray(points), **where))
        return values.astype(np.float64) if values.dtype.kind == "O" else np.asarray(values)

    return infer(evaluate, every, streams=np.repeat(seeds, x.size), **settings)


def with_best_step(
    rule: Estimator,
    target: Target,
    x: NDArray[Any],
    num_steps: int,
    seeds: list[int],
    xp: Backend,
    search: dict[str, Any],
    min_scale: float,
) -> Found:
    """Infer noise and Taylor terms of f, and take the step of the smallest predicted error."""
    budget = max(10, int(SHARE * search["max_evaluations"]))
    near = _search(target.f, x, seeds, xp, {**search, "max_evaluations": budget})
    shape = len(seeds), x.size
    scale = np.abs(np.asarray(step_scale(x, min_scale, get_backend("numpy")), float)).ravel()
    size = scale if rule.relative else np.ones(x.size)
    epsilon = _best(rule, near, x, size, num_steps, shape)
    inferred = near.status.reshape(shape)
    found: Found = {}
    for r, seed in enumerate(seeds):
        for e in np.unique(epsilon[r]):
            at = epsilon[r] == e
            f = target.f.at(np.flatnonzero(at)) if isinstance(target.f, BlackBox) else target.f
            part = with_given_step(
                rule, target._replace(f=f), x.ravel()[at], float(e), num_steps, [seed], xp,
                None if search["noise"] is None or callable(search["noise"])
                else search["noise"].ravel()[at],
                error_bars=False, min_scale=min_scale,
            )  # fmt: skip
            for key, value in part.items():
                whole = found.setdefault(key, np.zeros(shape, value.dtype))
                whole[r, at] = value[0]
    center, error = near.center.reshape(shape), near.slope_error.reshape(shape)
    found |= {
        "slope": center,
        "slope_error": error,
        "dof": near.dof.reshape(shape),
        "standard_error": np.hypot(found["df"].astype(float) - center, error),
        "nfev": found["nfev"] + near.nfev.reshape(shape),
        "status": np.where(found["status"] < 0, found["status"], inferred),
        "left": near.left.reshape(shape),
        "right": near.right.reshape(shape),
        "left_error": near.left_error.reshape(shape),
        "right_error": near.right_error.reshape(shape),
        "noise": near.noise.reshape(shape),
    }
    return {k: v.reshape(len(seeds), *x.shape) for k, v in found.items()}


def _best(
    rule: Estimator,
    near: Inference,
    x: NDArray[Any],
    size: NDArray[np.float64],
    num_steps: int,
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Return the step sizes, in ratios of ``10^(1/STEPS_PER_DECADE)``."""
    wide = near.step.reshape(shape) / size
    powers = np.arange(len(near.taylor)).reshape(-1, 1, 1)
    taylor = near.taylor.reshape(-1, *shape) / near.step.reshape(shape) ** powers
    local = Local(
        np.broadcast_to(x.ravel().astype(float), shape), np.nan_to_num(taylor),
        near.noise.reshape(shape), 0.0, np.broadcast_to(size, shape),
    )  # fmt: skip
    least = rule.smallest_epsilon(x.dtype.name, float(np.abs(x).max(initial=0)))
    known = wide[np.isfinite(wide) & (wide > 0)]
    if not known.size:
        return np.full(shape, max(least, 1e-5))
    low, high = (round(float(STEPS_PER_DECADE * np.log10(v))) for v in (least, known.max()))
    grid = 10.0 ** (np.arange(low, max(high, low) + 1) / STEPS_PER_DECADE)
    best, _ = best_epsilon(rule, local, num_steps, x.dtype.name, grid)
    # Not beyond the values that the Taylor terms were seen in.
    return np.where(np.isfinite(wide) & (best > wide), grid[np.searchsorted(grid, wide) - 1], best)
