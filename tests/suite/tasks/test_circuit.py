"""The circuit task: what it spends, what it measures, and what it predicts."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from stochgrad import gradient
from stochgrad.errors import ConfigError
from stochgrad.random import Purpose, stream
from stochgrad.stencils.gradients import make_gradient_estimator
from stochgrad.suite import tasks
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.models.circuits import Circuit, MeasuredCircuit
from stochgrad.suite.tasks.circuit import local_derivatives, spend
from tests.suite.tasks.configs import XOR, configure

ESTIMATORS = ["parameter_shift", "central", "forward", "spsa", "gaussian_smoothing"]
CIRCUIT: dict[str, Any] = {
    **{key: value for key, value in XOR.items() if key != "estimator"},
    "task": {"name": "circuit", "estimators": ESTIMATORS, "shots": [1000, 10_000]},
    "epsilon": 0.1,
    "replicates": 40,
}


def config(**task: Any) -> RunConfig:
    return configure(CIRCUIT, task=task)


@pytest.fixture(scope="module")
def result() -> Any:
    return tasks.run(config())


def test_the_error_is_the_predicted_one(result: Any) -> None:
    """Within a quarter of it: the theory is of leading order, and takes the noise at x.

    40 squared norms of 8 nearly normal elements: their mean has a relative standard deviation of
    √(2/8/40) = 8 % or, where one bias dominates, less; its root half of that. The largest deviation
    is that of a forward difference, whose bias ends in its next order, 10 %.
    """
    for row in result.tables["gradients"]:
        assert row["relative_rmse"] == pytest.approx(row["predicted_relative_rmse"], rel=0.25), row


def test_rows_are_what_the_arrays_say(result: Any) -> None:
    errors, exact = result.arrays["squared_errors"], result.arrays["exact"]
    assert errors.shape == (5, 2, 40)
    assert exact.shape == result.arrays["x"].shape == (40, 8)
    rows = result.tables["gradients"]
    assert [row["estimator"] for row in rows[::2]] == ESTIMATORS
    for row, squared in zip(rows, errors.reshape(10, -1), strict=True):
        rmse = np.sqrt(squared.mean())
        assert row["rmse"] == pytest.approx(rmse)
        assert row["relative_rmse"] == pytest.approx(rmse / np.sqrt((exact**2).sum(1).mean()))
        spread = np.std(np.sqrt(np.random.default_rng(0).choice(squared, (2000, 40)).mean(1)))
        assert row["rmse_standard_error"] == pytest.approx(spread, rel=0.15)
    assert result.metrics["relative_rmse.spsa"] == rows[7]["relative_rmse"]
    assert set(result.headline) == {f"relative_rmse.{name}" for name in ESTIMATORS}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_error_is_that_of_gradient(result: Any, name: str) -> None:
    """The same numbers from the library's function, seed by seed."""
    rule = make_gradient_estimator(name)
    plan = spend(rule, 8, 1000, 10)
    for r in range(3):
        f = MeasuredCircuit(Circuit(2, 2), plan.each, stream(r, Purpose.SHOTS, 1000))
        found = gradient(
            f, result.arrays["x"][r],
            estimator=name, epsilon=0.1, seed=r, vectorized=True, error_bars=False,
            num_directions=plan.directions if rule.random else None,
        )  # fmt: skip
        error = ((found.df - result.arrays["exact"][r]) ** 2).sum()
        index = ESTIMATORS.index(name)
        assert error == pytest.approx(result.arrays["squared_errors"][index, 0, r], rel=1e-9)
        assert found.nfev * plan.each == plan.shots


def test_replicate_r_is_the_run_with_seed_plus_r(result: Any) -> None:
    alone = tasks.run(configure(CIRCUIT, replicates=1, seed=2))
    np.testing.assert_allclose(
        alone.arrays["squared_errors"][..., 0], result.arrays["squared_errors"][..., 2], rtol=1e-9
    )
    assert alone.tables["gradients"][0]["rmse_standard_error"] is None


@pytest.mark.parametrize(
    ("name", "budget", "expected"),
    [
        ("parameter_shift", 1000, (16, 1, 62)),
        ("central", 16, (16, 1, 1)),
        ("forward", 1000, (9, 1, 111)),
        ("spsa", 1000, (100, 50, 10)),
        ("gaussian_smoothing", 39, (2, 1, 10)),
    ],
)
def test_a_budget_is_never_overspent(
    name: str, budget: int, expected: tuple[int, int, int]
) -> None:
    plan = spend(make_gradient_estimator(name), 8, budget, 10)
    assert (plan.evaluations, plan.directions, plan.each) == expected
    assert plan.shots <= budget


def test_local_derivatives_are_those_of_small_steps() -> None:
    circuit = Circuit(2, 2)
    x = np.random.default_rng(0).uniform(0, 6, (3, 8))
    local = local_derivatives(circuit, x)
    h, units = 1e-3, np.eye(8)

    def second(f: Any, points: Any, unit: Any) -> Any:
        return (f(points + h * unit) - 2 * f(points) + f(points - h * unit)) / h**2

    def slope(points: Any) -> Any:
        return local_derivatives(circuit, points).gradient

    for i, unit in enumerate(units):
        central = (circuit(x + h * unit) - circuit(x - h * unit)) / (2 * h)
        assert local.gradient[:, i] == pytest.approx(central, abs=1e-6)
        assert local.second[:, i] == pytest.approx(second(circuit, x, unit), abs=1e-6)
        assert local.third[:, i] == pytest.approx(second(slope, x, unit)[:, i], abs=1e-6)
    mixed = sum(second(slope, x, unit) for unit in units)
    assert local.mixed == pytest.approx(mixed, abs=1e-5)


@pytest.mark.slow
def test_local_derivatives_take_memory_of_the_square_of_the_dimension() -> None:
    """And are those of one formula for all directions at once, which takes that of the cube."""
    circuit, replicates = Circuit(1, 20), 5
    d = circuit.dimension
    x = np.random.default_rng(0).uniform(0, 6, (replicates, d))
    tracemalloc.start()
    local = local_derivatives(circuit, x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * replicates * d**3 / 4
    slopes = local_derivatives(circuit, (x[:, None] + np.pi * np.eye(d)).reshape(-1, d)).gradient
    mixed = ((slopes.reshape(replicates, d, d) - local.gradient[:, None]) / 2).sum(axis=1)
    np.testing.assert_allclose(local.mixed, mixed, atol=1e-12)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"estimators": ["spsaa"]}, r"estimator=spsaa: .*Did you mean 'spsa'"),
        ({"estimators": ["forward_gradient"]}, r"task.estimators=forward_gradient: .*leave it out"),
        ({"shots": [1000, 15]}, r"task.shots=15: parameter_shift takes 16 shots or more"),
        ({"estimators": ["spsa"], "shots": [19]}, r"task.shots=19: spsa takes 20 shots or more"),
        ({"qubits": 0}, r"task.qubits=0: must be"),
        ({"estimators": []}, r"task.estimators=\[\]: must have at least 1 item"),
    ],
)
def test_mistakes_are_explained(task: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config(**task)


def test_a_step_that_moves_no_angle_is_refused() -> None:
    said = r"^epsilon=1e-09: too small to move an angle in dtype=float32, .* is 4.77e-07 .*float64"
    with pytest.raises(ConfigError, match=said):
        configure(CIRCUIT, epsilon=1e-9, dtype="float32")
    with pytest.raises(ConfigError, match=r"^epsilon=1e-17: too small to move an angle"):
        configure(CIRCUIT, epsilon=1e-17)
    task = {**CIRCUIT["task"], "estimators": ["parameter_shift"]}
    assert configure(CIRCUIT, epsilon=1e-17, task=task).epsilon == 1e-17


def test_the_estimator_and_the_backend_are_the_tasks_own() -> None:
    with pytest.raises(ConfigError, match=r"estimator=central: .*task.estimators=\[…\]"):
        configure(CIRCUIT, estimator={"name": "central"})
    with pytest.raises(ConfigError, match=r"estimator: missing"):
        configure({k: v for k, v in XOR.items() if k != "estimator"})
    with pytest.raises(ConfigError, match=r"backend=tensorflow: .*use backend=numpy"):
        tasks.prepare(configure(CIRCUIT, backend={"name": "tensorflow"}))
