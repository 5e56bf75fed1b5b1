"""``epsilon="auto"`` beside the best of a whole sweep of step sizes.

A *case* is a function, a point, a dtype and a noise, for one estimator. Its ratio is the RMSE at
the steps that were chosen, each repeat choosing its own, over the smallest RMSE of all step sizes
of the sweep: from the smallest that moves x to ``max(1, |x|)``. Step sizes at which N draws come
from fewer than N floats are left out: their error is that of one or two floats, and the best of
many is lucky. The figure with those is printed beside.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cases import NOISES, SEED, settings
from benchmarks.verdict import Row, Verdict, show_groups, show_rows, show_verdicts, with_bar
from stochgrad.backends import get_backend
from stochgrad.inference.automatic import choose
from stochgrad.inference.error_bars import step_size
from stochgrad.random import Purpose, stream
from stochgrad.stencils import Estimator, Target
from stochgrad.stencils.estimate import Plan, estimate
from stochgrad.suite.tasks.study import Setting, parse_estimator

REPEATS = 60
SIZE = 40
"""Step sizes of a sweep."""
DRAWS = 30
ESTIMATORS = ("regression", "quadratic", "central", "central(jitter=0.5)")
WITHIN = 2.0
SHOWN = (
    "ratio", "rmse", "best", "function", "x", "dtype", "noise", "estimator", "epsilon",
    "best_epsilon",
)  # fmt: skip

Floats = NDArray[np.float64]


def cases(size: int, repeats: int) -> list[Row]:
    """Measure every case."""
    rows: list[Row] = []
    every = settings(NOISES)
    for number, setting in with_bar("auto", list(enumerate(every))):
        for text in ESTIMATORS:
            source = stream(SEED, Purpose.NOISE, number)
            rows += compare(setting, text, size, repeats, source)
    return rows


def compare(
    setting: Setting, text: str, size: int, repeats: int, source: np.random.Generator
) -> list[Row]:
    """Measure one estimator at all points of a setting; a row a case."""
    rule, f, x = parse_estimator(text), setting.target(source), setting.x

    def rmse(epsilon: Plan) -> Floats:
        found = estimate(
            rule, Target(f), x, epsilon=epsilon, num_steps=DRAWS, seed=SEED,
            xp=get_backend("numpy"), replicates=repeats,
        )  # fmt: skip
        error = found.mean.astype(float) - setting.exact
        return np.asarray(np.sqrt((error**2).mean(axis=0)))

    with np.errstate(all="ignore"):
        every = np.broadcast_to(x, (repeats, *x.shape)).copy()
        size_of_step = step_size(rule, every)
        chosen = choose(rule, f, every, size_of_step, DRAWS)
        ours = rmse(chosen.plan(rule))
        scale = np.abs(size_of_step[0].astype(float))
        low = np.array([rule.smallest_epsilon(setting.dtype, float(v)) for v in np.abs(x)])
        high = np.maximum(np.abs(x), 1) / scale
        steps = low * (high / low) ** np.linspace(0, 1, size)[:, None]
        errors = np.array([rmse(_each(rule, row, every)) for row in steps])
    errors = np.where(np.isfinite(errors), errors, np.inf)
    floats = np.vectorize(rule.interval)(steps) * scale / np.spacing(np.abs(x))
    apart = np.where(floats >= DRAWS, errors, np.inf)
    best = apart.argmin(axis=0)
    return [
        {
            "function": setting.function, "x": float(x[i]), "dtype": setting.dtype,
            "noise": setting.noise, "estimator": text, "rmse": float(ours[i]),
            "best": float(apart[best[i], i]), "ratio": _ratio(ours[i], apart[best[i], i]),
            "strict_ratio": _ratio(ours[i], errors[:, i].min()),
            "epsilon": float(np.median(chosen.epsilon[:, i])),
            "best_epsilon": float(steps[best[i], i]), "nfev": float(chosen.nfev[:, i].mean()),
        }
        for i in range(len(x))
    ]  # fmt: skip


def _each(rule: Estimator, steps: Floats, every: NDArray[Any]) -> Plan:
    """Return the plan that has a step size of its own at every point."""
    at = np.broadcast_to(np.arange(len(steps)), every.shape)
    return Plan(tuple((rule, float(e), at == i) for i, e in enumerate(steps)))


def _ratio(ours: float, best: float) -> float:
    return float(ours / best) if best > 0 else (1.0 if ours == 0 else float("inf"))


def within(rows: list[Row], key: str = "ratio") -> float:
    """Return the share of cases within the factor."""
    return float(np.mean([row[key] <= WITHIN for row in rows]))


def main(repeats: int | None = None, size: int | None = None) -> None:
    """Measure, and print."""
    repeats = repeats or REPEATS
    rows = cases(size or SIZE, repeats)
    columns: dict[str, Any] = {
        "within 2": within,
        "with lucky steps": lambda r: within(r, "strict_ratio"),
        "median": lambda r: np.median([row["ratio"] for row in r]),
        "evaluations": lambda r: np.mean([row["nfev"] for row in r]),
    }
    show_groups(
        "RMSE at epsilon=auto over the best", rows, ("estimator", "dtype", "noise"), columns
    )
    show_rows("The largest ratios", sorted(rows, key=lambda row: -float(row["ratio"]))[:15], SHOWN)
    show_verdicts(
        f"epsilon=auto: {len(rows)} cases, {repeats} repeats, N = {DRAWS}",
        [
            Verdict(f"{name}: within 2", within([r for r in rows if r["estimator"] == name]), 0.95)
            for name in ESTIMATORS
        ],
        f"An RMSE has a relative error of {100 / np.sqrt(2 * repeats):.0f} %, and the best is the "
        "luckiest of the sweep.",
    )
