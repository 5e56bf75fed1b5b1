"""The derivative study against values worked out by hand and a verbatim run of the notebook."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from stochgrad.errors import ConfigError
from stochgrad.suite.tasks import run
from tests.suite.tasks.configs import XOR, configure

STUDY = {
    **XOR,
    "task": {
        "name": "derivative", "functions": ["square", "sin"], "x": [0.5, 2.0],
        "compare_tensorflow": False,
    },
    "estimator": {"name": "central"},
    "epsilon": 1e-4,
    "num_steps": 20,
    "replicates": 50,
}  # fmt: skip
NOTEBOOK = {
    "task": {
        "name": "derivative",
        "functions": ["square", "power_pi", "self_power", "exp_power"],
        "x": [1 / math.pi],
        "num_steps_spread": 0.1,
        "function_dtype": "float64",
    },
    "estimator": {"name": "central", "division": "nominal"},
    "epsilon": 10**-5.4444,
    "num_steps": 100,
    "dtype": "float32",
}


@pytest.mark.usefixtures("tensorflow")
def test_the_notebooks_numbers():
    # One verbatim run gave these. In float32 all draws hit the same floats, so that repeats differ
    # in the last digits only: float32 keeps 7.
    rows = run(configure({**STUDY, **NOTEBOOK})).tables["derivatives"]
    verbatim = [0.6301785, 0.26794216, -0.09951629, 0.31077015]
    exact = [0.63661977, 0.27068074, -0.10053343, 0.31392664]
    for row, estimate, true in zip(rows, verbatim, exact, strict=True):
        assert row["mean"] == pytest.approx(estimate, rel=2e-6)
        # The exact value is taken at the float32 point, 3e-8 away from 1/π.
        assert row["exact"] == pytest.approx(true, abs=3e-7)
        assert row["tensorflow"] == pytest.approx(true, abs=3e-7)


def test_statistics_are_those_of_the_estimates():
    result = run(configure(STUDY))
    estimates, exact = result.arrays["estimates"], result.arrays["exact"]
    assert estimates.shape == (2, 50, 2)
    np.testing.assert_allclose(exact, [[1.0, 4.0], [math.cos(0.5), math.cos(2.0)]], rtol=1e-15)
    rows = result.tables["derivatives"]
    error = estimates[1, :, 0] - exact[1, 0]
    row = next(r for r in rows if r["function"] == "sin" and r["x"] == 0.5)
    assert row["bias"] == pytest.approx(error.mean())
    assert row["std"] == pytest.approx(error.std(ddof=1))
    assert row["rmse"] == pytest.approx(math.sqrt((error**2).mean()))
    assert row["nfev"] == 40
    # Truncation, x²ε²f‴/6, is seen through the jitter |x f″| ε² / √(6N): 4 standard errors of 50
    # seeds, a false alarm in 16,000.
    truncation = -(0.5**2) * 1e-8 * math.cos(0.5) / 6
    jitter = 0.5 * math.sin(0.5) * 1e-8 / math.sqrt(6 * 20)
    assert abs(row["bias"] - truncation) <= 4 * jitter / math.sqrt(50)
    assert row["std"] == pytest.approx(jitter, rel=4 / math.sqrt(2 * 49))


@pytest.mark.usefixtures("tensorflow")
@pytest.mark.parametrize("estimator", ["autodiff", "complex_step", "quadratic", "analytic"])
def test_tensorflow_backend_measures_the_same_functions(estimator):
    rows = run(
        configure(STUDY, backend={"name": "tensorflow"}, estimator={"name": estimator})
    ).tables["derivatives"]
    # ε² times a third derivative of at most 1, and rounding.
    assert max(row["rmse"] for row in rows) < 1e-8


def test_numpy_study_can_leave_tensorflow_out():
    rows = run(configure(STUDY)).tables["derivatives"]
    assert [row["tensorflow"] for row in rows] == [None] * 4


def test_one_seed_has_no_spread():
    metrics = run(configure(STUDY, replicates=1)).metrics
    assert "std" not in metrics
    assert metrics["abs_error"] > 0


def test_metrics_of_every_point_have_names_of_their_own_that_mlflow_takes():
    study = {**STUDY, "replicates": 2}
    for points, named in (
        ([0.5, 2.0], ["0.5", "2"]),
        ([-1e6, 1e-7], ["-1e06", "1e-07"]),
        ([0.1234567, 0.1234568, 2.0], ["0.1234567", "0.1234568", "2.0"]),
    ):
        result = run(configure(study, task={"x": points}))
        for row, name in zip(result.tables["derivatives"], named * 2, strict=True):
            found = f"abs_error.{row['function']}.x_{name}"
            assert result.metrics[found] == row["abs_error"]
            assert re.fullmatch(r"[\w.\- ]+", found)


def test_outside_its_domain_a_function_is_refused():
    with pytest.raises(ConfigError, match=r"task\.x=-1: power_pi is defined for x > 0 only"):
        configure(STUDY, task={"functions": ["power_pi"], "x": [-1.0]})


@pytest.mark.parametrize("x", [1e40, -1e40, 1e-50])
def test_a_point_beyond_the_floats_of_its_dtype_is_refused(x):
    said = rf"task\.x={x:g}: float32 takes 0 and 1\.18e-38 to 3\.4e\+38 in size"
    with pytest.raises(ConfigError, match=said.replace("e+40", r"e\+40")):
        configure(STUDY, dtype="float32", task={"x": [0.5, x]})
    configure(STUDY, dtype="float64", task={"x": [0.5, x]})


def test_unknown_function_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'square'"):
        configure(STUDY, task={"functions": ["sqare"]})


def test_an_absolute_step_must_move_the_largest_x():
    with pytest.raises(ConfigError, match=r"epsilon=0\.0001: too small .*0\.0625"):
        configure(STUDY, estimator={"name": "quadratic"}, dtype="float32", task={"x": [1e6]})


def test_an_estimate_that_is_not_finite_fails_the_run():
    result = run(configure(STUDY, task={"functions": ["self_power"], "x": [1e300]}, replicates=2))
    assert "self_power" in result.failure
