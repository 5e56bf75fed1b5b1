from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad.suite.figures.derivatives import error, relative_errors
from stochgrad.suite.tasks.result import Result

from .synthetic import derivative_result, make_config, texts

X = (0.1, 0.2, 0.5, 1.0, 2.0)
MEASURES = {"RMSE": "rmse", "|bias|": "bias", "standard deviation": "std"}


def draw(result: Result, replicates: int) -> Any:
    figure = error(make_config("derivative", replicates=replicates), result)
    assert figure is not None
    return figure


def test_at_one_point_the_functions_are_categories() -> None:
    result = derivative_result(20)
    rows = result.tables["derivatives"]
    (ax,) = draw(result, 20).axes
    assert [t.get_text() for t in ax.get_xticklabels()] == ["x²", "x^x"]
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "function f(x)"
    lines = {line.get_label(): line for line in ax.lines}
    for label, name in MEASURES.items():
        expected = [abs(row[name]) / abs(row["exact"]) for row in rows]
        assert lines[label].get_ydata() == pytest.approx(expected)
        assert np.array_equal(np.round(lines[label].get_xdata()), [0, 1])
    assert lines["TensorFlow’s autodiff"].get_ydata() == pytest.approx([1e-7, 1e-7], rel=1e-6)


def test_against_x_each_function_has_a_panel() -> None:
    result = derivative_result(20, x=X)
    rows = result.tables["derivatives"]
    axes = draw(result, 20).axes
    assert [ax.get_title("right") for ax in axes] == ["f(x) = x²", "f(x) = x^x"]
    for ax, part in zip(axes, (rows[:5], rows[5:]), strict=True):
        lines = {line.get_label(): line for line in ax.lines}
        for label, name in MEASURES.items():
            expected = [abs(row[name]) / abs(row["exact"]) for row in part]
            assert lines[label].get_ydata() == pytest.approx(expected)
            assert list(lines[label].get_xdata()) == list(X)
        assert ax.get_xscale() == ax.get_yscale() == "log"
        assert ax.get_xlabel() == "x"


def test_points_are_sorted_and_negative_ones_on_a_linear_axis() -> None:
    figure = draw(derivative_result(3, x=(2.0, -1.0, 0.0), names=("square",)), 3)
    (ax,) = figure.axes
    assert list(ax.lines[0].get_xdata()) == [-1.0, 0.0, 2.0]
    assert ax.get_xscale() == "linear"


def test_one_replicate_has_one_error() -> None:
    result = derivative_result(1)
    (ax,) = draw(result, 1).axes
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["TensorFlow’s autodiff", "|error|"]
    expected = [row["rmse"] / abs(row["exact"]) for row in result.tables["derivatives"]]
    assert ax.lines[1].get_ydata() == pytest.approx(expected)


def test_without_tensorflow_there_is_no_such_line() -> None:
    result = derivative_result(5)
    for row in result.tables["derivatives"]:
        row["tensorflow"] = None
    assert "TensorFlow" not in texts(draw(result, 5))


def test_where_the_exact_value_is_zero_there_is_no_relative_error() -> None:
    result = derivative_result(5, x=(0.0, 1.0), names=("square",), exact=[[0.0, 2.0]])
    relative = relative_errors(result.tables["derivatives"])
    assert all(np.isnan(values[0]) and np.isfinite(values[1]) for values in relative.values())
    figure = draw(result, 5)
    (cross,) = (line for line in figure.axes[0].lines if line.get_label() == "f′(x) = 0")
    assert list(cross.get_xdata()) == [0.0]


def test_infinite_derivatives_have_no_relative_error_and_no_warning() -> None:
    result = derivative_result(5, x=(1.0,), names=("exp",))
    infinite = dict.fromkeys(("exact", "rmse", "bias", "tensorflow"), np.inf)
    result.tables["derivatives"][0].update(infinite)
    relative = relative_errors(result.tables["derivatives"])  # a warning is an error in tests
    assert "TensorFlow’s autodiff" not in relative


def test_a_function_whose_exact_value_is_zero_says_so() -> None:
    result = derivative_result(5, x=(0.0,), names=("square", "exp"), exact=[[0.0], [1.0]])
    (ax,) = draw(result, 5).axes
    assert ax.get_xticklabels()[0].get_text() == "x²\n(f′(x) = 0)"


def test_a_function_whose_estimates_failed_is_not_said_to_have_derivative_zero() -> None:
    result = derivative_result(5, names=("square", "exp"))
    result.tables["derivatives"][0].update(rmse=np.nan, bias=np.nan, std=np.nan, tensorflow=None)
    (ax,) = draw(result, 5).axes
    assert ax.get_xticklabels()[0].get_text() == "x²"


def test_an_error_of_zero_is_shown_as_zero() -> None:
    result = derivative_result(5)
    for row in result.tables["derivatives"]:
        row["tensorflow"] = row["exact"]
    (ax,) = draw(result, 5).axes
    line = next(line for line in ax.lines if line.get_label() == "TensorFlow’s autodiff")
    assert ax.get_yticklabels()[0].get_text() == "0"
    assert set(line.get_ydata()) == {ax.get_yticks()[0]}


def test_nothing_finite_no_figure() -> None:
    config = make_config("derivative")
    assert error(config, Result(seed=0)) is None
    result = derivative_result(1)
    for row in result.tables["derivatives"]:
        row.update(rmse=np.nan, bias=np.nan, tensorflow=None)
    assert error(config, result) is None


def test_six_functions_have_six_panels() -> None:
    names = ("square", "power_pi", "self_power", "exp_power", "sin", "exp")
    assert len(draw(derivative_result(5, X, names), 5).axes) == 6
    five = draw(derivative_result(5, X, names[:5]), 5)
    assert sum(ax.axison for ax in five.axes) == 5
