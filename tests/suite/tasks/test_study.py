"""The estimator laboratory on a small grid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from stochgrad.errors import ConfigError
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.tasks import run
from stochgrad.suite.tasks.result import Result
from stochgrad.suite.tasks.study import parse_estimator
from tests.suite.tasks.configs import XOR, configure

pytestmark = pytest.mark.slow

STUDY: dict[str, Any] = {
    **XOR,
    "estimator": None,
    "task": {
        "name": "study",
        "functions": ["square", "sin"],
        "x": [1.3],
        "dtypes": ["float32", "float64"],
        "noises": [0.0, 1e-3],
        "estimators": ["forward", "central(jitter=0.5)", "three_slope", "quadratic", "regression"],
        "epsilons": 7,
        "draws": [10, 40, 160],
    },
    "num_steps": 30,
    "replicates": 30,
}
COLUMNS = (
    "function x dtype noise estimator epsilon num_steps exact bias std rmse predicted_rmse holds "
    "coverage good_fraction nfev"
)


def make_config(**task: Any) -> RunConfig:
    return configure(STUDY, task=task)


@pytest.fixture(scope="module")
def result() -> Result:
    return run(make_config())


def test_a_row_is_a_cell(result: Result) -> None:
    rows = result.tables["cells"]
    assert list(rows[0]) == COLUMNS.split()
    assert len(rows) == 2 * 2 * 2 * (5 * 7 + 4 * 3)
    for row in rows[::37]:
        assert math.isclose(row["rmse"] ** 2, row["bias"] ** 2 + row["std"] ** 2 * 29 / 30)
        assert row["nfev"] == parse_estimator(row["estimator"]).evaluations(row["num_steps"])


@pytest.mark.statistical
def test_predictions_hold_and_intervals_cover(result: Result) -> None:
    """The measures that the whole study is judged by; coverage over some 6,000 intervals.

    Of each estimator there are 1,500 to 2,400: a standard error of 0.6 %, if all are independent.
    Those of other rules than regression hold 98 %: they are too wide, which is no error.
    """
    metrics = result.metrics
    assert metrics["holds"] >= 0.7
    assert metrics["right"] >= 0.9
    assert metrics["good"] >= 0.7
    shares: dict[str, list[float]] = {}
    for row in result.tables["cells"]:
        if math.isfinite(row["coverage"]):
            shares.setdefault(row["estimator"], []).append(row["coverage"])
    covered = {name: np.mean(held) for name, held in shares.items()}
    assert min(covered.values()) >= 0.93
    assert covered["regression"] <= 0.97


def test_spread_falls_with_the_root_of_n(result: Result) -> None:
    """Deviations of 30 repeats are known to 13 %: over a factor of 16 the slope to 0.07."""
    for name in ("central(jitter=0.5)", "regression"):
        rows = [
            r for r in result.tables["cells"]
            if r["epsilon"] == 1e-2 and r["estimator"] == name and r["noise"]
        ]  # fmt: skip
        std = np.reshape([r["std"] / abs(r["exact"]) for r in rows], (-1, 3))
        slope = np.polyfit(np.log([10, 40, 160]), np.log(std.T), 1)[0].mean()
        assert slope == pytest.approx(-0.5, abs=0.1)


def test_a_study_repeats_exactly() -> None:
    config = make_config(epsilons=2, draws=[], functions=["sin"], estimators=["central"])
    first, second = run(config), run(config)
    # As text: a NaN is not equal to itself.
    assert str(first.tables["cells"]) == str(second.tables["cells"])


def test_estimators_without_draws_have_errors_and_no_intervals() -> None:
    """Those of SciPy call f with fewer axes than others do."""
    names = ["richardson", "central_fixed", "complex_step"]
    config = make_config(
        functions=["sin"], dtypes=["float64"], noises=[0.0], epsilons=2, draws=[], estimators=names
    )
    rows = run(config).tables["cells"]
    assert [row["estimator"] for row in rows] == [n for n in names for _ in range(2)]
    assert all(row["rmse"] < 0.1 * abs(row["exact"]) for row in rows)
    assert all(row["good_fraction"] == 0 for row in rows)


def test_other_programs_are_compared_with() -> None:
    """At equal evaluations, with noise; ours has the smallest error of all."""
    config = make_config(
        functions=["sin"], noises=[1e-3], epsilons=2, draws=[], budgets=[100],
        estimators=["forward"],
    )  # fmt: skip
    rows = run(config).tables["comparison"]
    assert {row["method"] for row in rows} == {"stochgrad", "scipy", "numdifftools", "jacobi"}
    assert all(row["nfev"] <= 100 for row in rows)
    errors = {row["method"]: row["rmse"] for row in rows}
    assert errors["stochgrad"] == min(errors.values())


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"functions": ["power_pi"], "x": [-1.0]}, r"task\.x=-1: power_pi is defined for x > 0"),
        ({"x": [0.0]}, r"task\.x=0: .*leave it out"),
        ({"estimators": ["centrl"]}, r"estimator=centrl: unknown estimator; .*'central'"),
        ({"estimators": ["central(jiter=1)"]}, r"estimator\.jiter=1: unknown .*jitter"),
        ({"estimators": ["autodiff"]}, r"task\.estimators=autodiff: the study runs on NumPy"),
        ({"estimators": ["analytic"]}, r"task\.estimators=analytic: .*leave it out"),
        ({"x": [1e-50]}, r"task\.x=1e-50: float32 takes 0 and 1\.18e-38 to"),
        (
            {"largest_epsilon": 1e-12, "estimators": ["quadratic"]},
            r"task\.largest_epsilon=1e-12: too small for quadratic in float32; allowed: 0\.00012 ",
        ),
        (
            {"draws_epsilon": 1e-9, "estimators": ["forward", "central"], "draws": [10]},
            r"task\.draws_epsilon=1e-09: too small for central in float32; allowed: 1\.2e-07 ",
        ),
        ({"epsilons": 1}, r"task\.epsilons=1: must be .*greater than or equal to 2"),
    ],
)
def test_a_mistake_is_one_line(task: dict[str, Any], message: str) -> None:
    functions = {} if "functions" in task else {"functions": ["sin"]}
    with pytest.raises(ConfigError, match=f"^{message}"):
        make_config(**functions, **task)


@pytest.mark.parametrize("x", [1.2e-38, 3e38])
def test_every_point_that_is_taken_is_measured(x: float) -> None:
    """Right or not: the largest have infinite values."""
    config = make_config(
        x=[x], functions=["sin"], noises=[0.0], epsilons=2, draws=[], estimators=["central"]
    )
    assert len(run(config).tables["cells"]) == 2 * 2


def test_a_training_run_takes_no_automatic_step() -> None:
    with pytest.raises(ConfigError, match=r"^epsilon=auto: .*task=xor.*give it a number"):
        configure(XOR, epsilon="auto")


def test_the_derivative_task_does_and_has_noise() -> None:
    task = {
        "name": "derivative", "functions": ["sin"], "x": [0.5, 2.0], "noise": 1e-3,
        "compare_tensorflow": False,
    }  # fmt: skip
    config = configure(
        {**XOR, "task": task}, epsilon="auto", estimator={"name": "regression"}, replicates=20,
        num_steps=50,
    )  # fmt: skip
    rows = run(config).tables["derivatives"]
    # 5·σ/(h√(2N)) with h of the size of x: far above rounding, far below noise over a small step.
    assert all(1e-6 < row["rmse"] < 1e-2 for row in rows)
    assert all(row["nfev"] > 100 for row in rows)
