from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad.backends import get_backend
from stochgrad.differentiate.elementwise import derivative
from stochgrad.suite.figures.activation import POINTS, REACH, activation
from stochgrad.suite.models.activations import ACTIVATIONS
from stochgrad.suite.tasks.result import Result

from .synthetic import make_config, texts

RESULT = Result(seed=11)
XP = get_backend("numpy")
X = np.linspace(-REACH, REACH, POINTS)


def figure_of(**changes: Any) -> Any:
    figure = activation(make_config("xor", **changes), RESULT)
    assert figure is not None
    return figure


def line(ax: Any, label: str) -> Any:
    return next(found for found in ax.lines if found.get_label().startswith(label))


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_function_and_exact_derivative(name: str) -> None:
    upper = figure_of(activation=name).axes[0]
    chosen = ACTIVATIONS[name]
    assert np.array_equal(line(upper, "f(x)").get_xdata(), X)
    assert np.array_equal(line(upper, "f(x)").get_ydata(), chosen.f(X, XP))
    assert np.array_equal(line(upper, "f′(x), exact").get_ydata(), chosen.derivative(X, XP))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["quadratic", "three_slope", "central", "forward"])
def test_the_estimate_is_that_of_the_run(name: str, dtype: str) -> None:
    figure = figure_of(
        estimator={"name": name}, dtype=dtype, epsilon=1e-3, num_steps=3,
        task={"name": "xor", "min_scale": 0.0},
    )  # fmt: skip
    x = X.astype(dtype)
    expected = derivative(
        lambda z: ACTIVATIONS["sigmoid"].f(z, XP), x,
        estimator=name, epsilon=1e-3, num_steps=3, dtype=dtype, seed=11,
    ).df  # fmt: skip
    upper, lower = figure.axes
    assert np.array_equal(line(upper, "f′(x), estimated").get_ydata(), expected.astype(float))
    exact = ACTIVATIONS["sigmoid"].derivative(x.astype(float), XP)
    error = np.abs(expected.astype(float) - exact)
    drawn = line(lower, "|estimated").get_ydata()
    assert np.array_equal(drawn[error > 0], error[error > 0])
    assert lower.get_yscale() == "log"


def test_options_of_the_estimator_and_the_smallest_step_are_those_of_the_run() -> None:
    nominal = figure_of(estimator={"name": "central", "division": "nominal"}, epsilon=1e-3)
    realised = figure_of(estimator={"name": "central"}, epsilon=1e-3)
    relative = figure_of(
        estimator={"name": "central"}, epsilon=1e-3, task={"name": "xor", "min_scale": 0.0}
    )
    drawn = [line(f.axes[0], "f′(x), estimated").get_ydata() for f in (nominal, realised, relative)]
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[1], drawn[2])


def test_points_without_error_are_shown_at_zero_and_counted() -> None:
    figure = figure_of(activation="relu", estimator={"name": "forward"})
    lower = figure.axes[1]
    zeros = line(lower, "exactly 0, at")
    floor = set(zeros.get_ydata())
    assert len(floor) == 1
    assert zeros.get_label() == f"exactly 0, at {len(zeros.get_xdata())} of {POINTS} points"
    assert lower.get_yticklabels()[0].get_text() == "0"
    assert lower.get_yticks()[0] in floor


def test_an_estimate_that_is_exact_everywhere_has_no_error_panel() -> None:
    figure = figure_of(estimator={"name": "analytic"})
    assert len(figure.axes) == 1
    assert "f′(x), estimated: equal at every point" in texts(figure)


def test_autodiff_shows_the_exact_derivative_only() -> None:
    figure = figure_of(estimator={"name": "autodiff"}, backend={"name": "tensorflow"})
    assert len(figure.axes) == 1
    assert "estimated" not in texts(figure)


def test_complex_step() -> None:
    figure = figure_of(estimator={"name": "complex_step"}, epsilon=1e-20)
    estimated = line(figure.axes[0], "f′(x), estimated").get_ydata()
    # Both are within a few units in the last place: the error is their round-off.
    assert estimated == pytest.approx(ACTIVATIONS["sigmoid"].derivative(X, XP), rel=1e-14)


def test_points_that_are_not_finite_are_counted() -> None:
    # Unguarded, draws of 1e-15 around |x| > 1 coincide often: 0/0.
    figure = figure_of(
        estimator={"name": "three_slope", "min_separation": 0}, epsilon=1e-15, num_steps=20
    )
    estimated = line(figure.axes[0], "f′(x), estimated")
    lost = np.count_nonzero(~np.isfinite(estimated.get_ydata()))
    assert lost > 0
    assert estimated.get_label() == f"f′(x), estimated ({lost} of {POINTS} points not finite)"


def test_a_task_that_trains_nothing_uses_no_activation() -> None:
    assert activation(make_config("derivative"), RESULT) is None
