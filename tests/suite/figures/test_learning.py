from __future__ import annotations

import numpy as np
import pytest

from stochgrad.suite.figures.learning import accuracy, loss
from stochgrad.suite.tasks.result import Curve, Result

from .synthetic import decay, digits_result, make_config, texts, xor_result


def test_loss_has_a_line_for_each_split_on_a_log_axis() -> None:
    result = digits_result(20)
    figure = loss(make_config("digits", replicates=20), result)
    assert figure is not None
    (ax,) = figure.axes
    lines = {line.get_label(): line for line in ax.lines}
    for label, name in (("training", "train_loss"), ("validation", "val_loss")):
        expected = result.curves[name].values.mean(axis=1)
        assert lines[label].get_ydata() == pytest.approx(expected, rel=1e-14)
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() == "loss (half squared error)"
    assert "95 % t interval of its log, n = 20" in texts(figure)


def test_the_two_lines_differ_in_more_than_colour() -> None:
    figure = loss(make_config("digits"), digits_result())
    assert figure is not None
    training, validation = figure.axes[0].lines
    assert training.get_marker() != validation.get_marker()
    assert training.get_linestyle() != validation.get_linestyle()


def test_loss_of_one_network_names_its_only_line() -> None:
    config = make_config("xor", model={"hidden": [8], "loss": "softmax_cross_entropy"})
    figure = loss(config, xor_result())
    assert figure is not None
    ax = figure.axes[0]
    assert ax.get_ylabel() == "training loss (cross-entropy)"
    assert ax.get_xlabel() == "step"
    assert ax.get_legend() is None


def test_a_loss_of_exactly_zero_is_shown_as_zero() -> None:
    at = np.arange(3)
    values = np.array([[1.0], [1e-3], [0.0]])
    figure = loss(
        make_config("xor"), Result(seed=0, curves={"train_loss": Curve(at, values, "step")})
    )
    assert figure is not None
    ax = figure.axes[0]
    line = next(line for line in ax.lines if line.get_label() == "training")
    floor = line.get_ydata()[2]
    assert list(line.get_ydata()[:2]) == [1.0, 1e-3]
    assert 0 < floor < 1e-3
    assert ax.get_yticklabels()[list(ax.get_yticks()).index(floor)].get_text() == "0"


def test_a_loss_that_hardly_moves_stays_on_a_linear_axis() -> None:
    at = np.arange(3)
    curve = Curve(at, np.array([[0.25], [0.24], [0.23]]), "step")
    figure = loss(make_config("xor"), Result(seed=0, curves={"train_loss": curve}))
    assert figure is not None
    assert figure.axes[0].get_yscale() == "linear"


def test_accuracy_is_in_percent_and_for_classifiers_only() -> None:
    result = digits_result(5)
    figure = accuracy(make_config("digits", replicates=5), result)
    assert figure is not None
    ax = figure.axes[0]
    line = next(line for line in ax.lines if line.get_label() == "validation")
    expected = 100 * result.curves["val_accuracy"].values.mean(axis=1)
    assert line.get_ydata() == pytest.approx(expected, rel=1e-14)
    assert ax.get_ylabel() == "accuracy (%)"
    assert accuracy(make_config("xor"), xor_result()) is None


def test_a_single_point_is_drawn() -> None:
    curves = {"train_loss": decay(3, points=1, unit="epoch")}
    figure = loss(make_config("digits", replicates=3), Result(seed=0, curves=curves))
    assert figure is not None
    (ax,) = figure.axes
    low, high = ax.get_xlim()
    assert low < curves["train_loss"].at[0] < high
    assert list(ax.get_xticks()) == [0]


def test_single_points_of_two_splits_do_not_hide_each_other() -> None:
    curves = {name: decay(1, points=1, unit="epoch") for name in ("train_loss", "val_loss")}
    figure = loss(make_config("digits"), Result(seed=0, curves=curves))
    assert figure is not None
    training, validation = figure.axes[0].lines
    assert training.get_xdata()[0] < 0 < validation.get_xdata()[0]
