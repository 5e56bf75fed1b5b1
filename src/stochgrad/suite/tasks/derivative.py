"""Measure a derivative estimator against exact derivatives, many seeds at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stochgrad import DerivativeResult, derivative
from stochgrad.backends import Array, Backend, get_backend
from stochgrad.random import fresh_seed
from stochgrad.suite.config.schema import Flag, NotNegative, RunConfig
from stochgrad.suite.config.sections import NETWORK
from stochgrad.suite.models.functions import FUNCTIONS, NamedFunction
from stochgrad.suite.tasks.base import register_task, settings
from stochgrad.suite.tasks.noisy import Noisy, noise_sources
from stochgrad.suite.tasks.points import PointsConfig
from stochgrad.suite.tasks.result import Listener, Progress, Result, Row
from stochgrad.suite.tasks.statistics import error_statistics


class DerivativeConfig(PointsConfig):
    """Settings of the derivative study.

    Attributes:
        num_steps_spread: N is drawn once for each seed from ``[(1−s)N, (1+s)N)``; 0 keeps N.
        function_dtype: precision in which f is evaluated; None takes that of the points.
        noise: standard deviation of noise that every value of f carries, over |f(x)|; 0 for none.
        noise_known: whether ``epsilon=auto`` is told it, or has to find it out.
        error_bars: whether a standard error is inferred, too, which takes some time.
        compare_tensorflow: whether to put TensorFlow's exact derivative beside; it has to be
            imported for that.
    """

    unread = NETWORK
    num_steps_spread: Annotated[float, Field(ge=0, le=0.5, strict=True)] = 0.0
    function_dtype: Literal["float32", "float64"] | None = None
    noise: NotNegative = 0.0
    noise_known: Flag = False
    error_bars: Flag = True
    compare_tensorflow: Flag = True

    @property
    def chooses_epsilon(self) -> bool:
        """Every function and point get their own."""
        return True


def metrics(config: RunConfig) -> list[str]:
    """Return the names of the metrics of a run."""
    task = settings(config, DerivativeConfig)
    kinds = ("abs_error", "bias", "std") if config.replicates > 1 else ("abs_error", "bias")
    names = point_names(np.asarray(task.x, config.dtype).tolist())
    places = [_place(f, x, names) for f in task.functions for x in names]
    return [*kinds, "nfev", "relative_rmse", *(f"{k}.{place}" for place in places for k in kinds)]


@register_task("derivative", DerivativeConfig, metrics=metrics)
def study_derivatives(config: RunConfig, listener: Listener) -> Result:
    """Estimate each derivative at each point for every seed, and compare with the exact values."""
    task = settings(config, DerivativeConfig)
    seed = fresh_seed() if config.seed is None else config.seed
    xp = get_backend(config.backend.name)
    x = np.array(task.x, config.dtype)
    estimates, exacts, rows = [], [], []
    for done, name in enumerate(task.functions):
        function = FUNCTIONS[name]
        found = _estimate(config, task, function, x, seed, xp)
        with np.errstate(all="ignore"):  # an infinite derivative is reported, not warned of
            exact = function.derivative(x.astype(np.float64), get_backend("numpy"))
        reference = _tensorflow(function, x) if task.compare_tensorflow else None
        rows += _rows(name, function, x, exact, reference, found)
        estimates.append(found.df)
        exacts.append(exact)
        listener(Progress(done + 1, len(task.functions), "function"))
    result = Result(seed=seed, device=xp.device(), headline=("abs_error", "relative_rmse", "nfev"))
    result.tables["derivatives"] = rows
    result.arrays = {"estimates": np.array(estimates), "exact": np.array(exacts), "x": x}
    _summarise(result, rows)
    return result


def _estimate(
    config: RunConfig,
    task: DerivativeConfig,
    function: NamedFunction,
    x: NDArray[Any],
    seed: int,
    xp: Backend,
) -> DerivativeResult:
    """Return estimates for every seed."""
    wide = task.function_dtype or config.dtype

    def widen(operand: Array) -> Array:
        if xp.is_complex(operand) or operand.dtype.name == wide:
            return operand
        return xp.cast(operand, wide)

    def f(points: Array) -> Array:
        return function.f(points, xp, widen)

    with np.errstate(all="ignore"):
        # The value is taken in double precision: noise is no place for rounding.
        at = function.f(x.astype(np.float64), get_backend("numpy"), lambda operand: operand)
        sigma = task.noise * np.abs(at)
    noisy = Noisy(f, sigma, noise_sources(seed, config.replicates), xp) if task.noise else f
    return derivative(
        noisy, x, estimator=config.make_estimator(), epsilon=config.epsilon,
        num_steps=config.num_steps, dtype=config.dtype, seed=seed, seeds=config.replicates,
        backend=xp.name, noise=sigma if task.noise and task.noise_known else None,
        min_scale=task.min_scale, num_steps_spread=task.num_steps_spread,
        error_bars=task.error_bars, derivative=lambda points: function.derivative(points, xp),
    )  # fmt: skip


def _tensorflow(function: NamedFunction, x: NDArray[Any]) -> NDArray[Any]:
    tensorflow = get_backend("tensorflow")
    found = tensorflow.autodiff(
        lambda points: function.f(points, tensorflow, lambda operand: operand),
        tensorflow.asarray(x),
    )
    return np.asarray(tensorflow.to_numpy(found), np.float64)


def _rows(
    name: str,
    function: NamedFunction,
    x: NDArray[Any],
    exact: NDArray[Any],
    reference: NDArray[Any] | None,
    found: DerivativeResult,
) -> list[Row]:
    """Compare estimates with exact values; one row a point."""
    error = found.df.astype(np.float64) - exact
    replicates = len(error)
    standard_error = found.standard_error.mean(axis=0)
    return [
        {
            "function": name,
            "formula": function.formula,
            "x": float(x[i]),
            "exact": float(exact[i]),
            "tensorflow": None if reference is None else float(reference[i]),
            "mean": float(found.df[:, i].mean(dtype=np.float64)),
            **error_statistics(error[:, i]),
            "abs_error": float(np.abs(error[:, i]).mean()),
            "standard_error": float(standard_error[i]),
            "nfev": float(found.nfev[:, i].mean()),
            "replicates": replicates,
        }
        for i in range(len(x))
    ]


def _summarise(result: Result, rows: list[Row]) -> None:
    """Average over functions and points; fail if any estimate is not finite."""
    bad = [row for row in rows if not np.isfinite(row["mean"])]
    if bad:
        row = bad[0]
        result.failure = (
            f"the estimate of {row['function']}′ at x = {row['x']:g} is {row['mean']} "
            f"({len(bad)} of {len(rows)} points)"
        )
    relative = [(row["rmse"] / abs(row["exact"])) for row in rows if row["exact"] != 0]
    result.metrics = {
        "abs_error": float(np.mean([row["abs_error"] for row in rows])),
        "bias": float(np.mean([row["bias"] for row in rows])),
        "nfev": float(np.mean([row["nfev"] for row in rows])),
    }
    if relative:
        result.metrics["relative_rmse"] = float(np.sqrt(np.mean(np.square(relative))))
    if rows[0]["replicates"] > 1:
        result.metrics["std"] = float(np.mean([row["std"] for row in rows]))
    names = point_names([row["x"] for row in rows])
    for row in rows:
        where = _place(row["function"], row["x"], names)
        for key in ("abs_error", "bias", "std"):
            if np.isfinite(row[key]):
                result.metrics[f"{key}.{where}"] = row[key]


def _place(function: str, x: float, names: dict[float, str]) -> str:
    """Name a function at a point, which may be the only one."""
    return function if len(names) == 1 else f"{function}.x_{names[x]}"


def point_names(points: Collection[float]) -> dict[float, str]:
    """Name points in characters that MLflow allows: by six digits, or all where it takes them.

    >>> point_names([1e6, 2.0])
    {1000000.0: '1e06', 2.0: '2'}
    >>> point_names([0.1234567, 0.1234568])
    {0.1234567: '0.1234567', 0.1234568: '0.1234568'}
    """
    short = {x: f"{x:g}" for x in points}
    told_apart = len(set(short.values())) == len(short)
    names = short if told_apart else {x: repr(x) for x in points}
    return {x: name.replace("+", "") for x, name in names.items()}
