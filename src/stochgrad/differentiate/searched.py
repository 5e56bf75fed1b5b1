"""Automatic steps: the slope that is inferred, and the step that is best for another rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.differentiate.black_box import BlackBox
from stochgrad.differentiate.stepped import Asked, Found, with_given_step
from stochgrad.inference import Inference, infer
from stochgrad.stencils.base import Estimator
from stochgrad.theory.prediction import Local, best_epsilon

STEPS_PER_DECADE = 8
"""Step sizes that are compared: neighbours differ by a third, their errors by less than a fifth
where bias and noise are equal (``h²`` and ``1/h``, in the root of the sum of squares)."""
SHARE = 0.5
"""Share of the evaluations that the search for another rule's step may take."""


def infer_all(asked: Asked) -> Found:
    """Infer the derivative for every seed at every point."""
    near = _search(asked)
    shape = len(asked.seeds), *asked.x.shape
    found, size = _said(near, shape), np.abs(asked.x.astype(float))
    if not asked.search["error_bars"]:
        found["slope_error"] = np.full(shape, np.nan)
    return found | {
        "df": near.slope.reshape(shape).astype(asked.x.dtype),
        "standard_error": found["slope_error"],
        "epsilon": near.step.reshape(shape) / np.where(size > 0, size, 1),
    }


def _said(near: Inference, shape: tuple[int, ...]) -> Found:
    """Return what an inference says beside the estimate, by the names of results."""
    names = ("dof", "nfev", "status", "left", "right", "left_error", "right_error", "noise",
             "slope_error")  # fmt: skip
    found = {name: getattr(near, name).reshape(shape) for name in names}
    return found | {"slope": near.center.reshape(shape)}


def _search(asked: Asked, **changes: Any) -> Inference:
    seeds, xp, f = asked.seeds, asked.xp, asked.target.f
    settings = asked.search | changes
    every = np.tile(asked.x.ravel(), len(seeds))
    for key, bound in zip(("lower", "upper"), settings.pop("bounds"), strict=True):
        settings[key] = np.tile(bound.ravel(), len(seeds))
    if isinstance(settings["noise"], np.ndarray):
        settings["noise"] = np.tile(settings["noise"].ravel(), len(seeds))
    located = bool(getattr(f, "located", False))

    def evaluate(points: NDArray[Any], columns: NDArray[Any]) -> NDArray[Any]:
        where = {"columns": columns} if located else {}
        values = xp.to_numpy(f(xp.asarray(points), **where))
        return values.astype(np.float64) if values.dtype.kind == "O" else np.asarray(values)

    return infer(evaluate, every, streams=np.repeat(seeds, asked.x.size), **settings)


def with_best_step(rule: Estimator, asked: Asked) -> Found:
    """Infer noise and Taylor terms of f, and take the step of the smallest predicted error."""
    budget = max(10, int(SHARE * asked.search["max_evaluations"]))
    near = _search(asked, max_evaluations=budget)
    shape, x, f = (len(asked.seeds), asked.x.size), asked.x.ravel(), asked.target.f
    epsilon = _best(rule, near, asked, shape)
    df, spent, status = np.zeros(shape, x.dtype), np.zeros(shape, int), np.zeros(shape, int)
    for r, seed in enumerate(asked.seeds):
        for e in np.unique(epsilon[r]):
            at = epsilon[r] == e
            own = f.at(np.flatnonzero(at)) if isinstance(f, BlackBox) else f
            target = asked.target._replace(f=own)
            part = with_given_step(
                rule, replace(asked, target=target, x=x[at], seeds=[seed]), float(e), False
            )
            df[r, at], spent[r, at], status[r, at] = part["df"], part["nfev"], part["status"]
    found = _said(near, shape)
    found |= {
        "df": df,
        "standard_error": np.hypot(df.astype(float) - found["slope"], found["slope_error"]),
        "nfev": spent + found["nfev"],
        "status": np.where(status < 0, status, found["status"]),
        "epsilon": epsilon,
    }
    return {k: v.reshape(len(asked.seeds), *asked.x.shape) for k, v in found.items()}


def _best(
    rule: Estimator, near: Inference, asked: Asked, shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Return the step sizes, in ratios of ``10^(1/STEPS_PER_DECADE)``."""
    x, size = asked.x, asked.sizes(rule).ravel()
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
    best, _ = best_epsilon(rule, local, asked.num_steps, x.dtype.name, grid)
    # Not beyond the values that the Taylor terms were seen in.
    return np.where(np.isfinite(wide) & (best > wide), grid[np.searchsorted(grid, wide) - 1], best)
