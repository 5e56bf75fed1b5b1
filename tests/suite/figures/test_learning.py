from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad.suite.figures.learning import accuracy, gradient_fidelity, loss
from stochgrad.suite.tasks.result import Curve, Result

from .synthetic import decay, digits_result, fidelity, make_config, texts, xor_result


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


def draw(curves: dict[str, Curve], replicates: int = 1, **changes: Any) -> Any:
    config = make_config("xor", replicates=replicates, **changes)
    figure = gradient_fidelity(config, Result(seed=0, curves=curves))
    assert figure is not None
    return figure


def constant(cosine: float, replicates: int = 1) -> dict[str, Curve]:
    return {"gradient_cosine": Curve(np.arange(3), np.full((3, replicates), cosine), "epoch")}


@pytest.mark.parametrize("replicates", [1, 20])
def test_each_layer_has_a_line_in_both_panels(replicates: int) -> None:
    result = xor_result(replicates)
    cosine, error = draw(result.curves, replicates).axes
    names = {"all layers": "", "layer 1": "_layer_1", "layer 2": "_layer_2"}
    for ax, metric in ((cosine, "gradient_cosine"), (error, "gradient_relative_error")):
        lines = {line.get_label(): line for line in ax.lines}
        assert set(names) <= set(lines)
        for label, suffix in names.items():
            expected = result.curves[metric + suffix].values
            expected = (1 - expected if ax is cosine else expected).mean(axis=1)
            assert lines[label].get_ydata() == pytest.approx(expected, rel=1e-12)
        assert ax.get_yscale() == "log"
        assert ax.get_xlabel() == "step"


def test_layers_are_in_numerical_order() -> None:
    figure = draw(fidelity(1, layers=11))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["all layers", *(f"layer {i}" for i in range(1, 12))]


@pytest.mark.parametrize(("dtype", "limit"), [("float64", "9×10⁻¹⁶"), ("float32", "5×10⁻⁷")])
@pytest.mark.parametrize("ulps", [-2, 0, 2])
def test_what_round_off_hides_is_not_drawn_as_a_number(dtype: str, limit: str, ulps: int) -> None:
    cosine = 1 - ulps * float(np.finfo(dtype).eps)
    (ax,) = draw(constant(cosine), dtype=dtype, epsilon=1e-3).axes
    line = next(line for line in ax.lines if line.get_label() == "all layers")
    assert ax.get_yticklabels()[0].get_text() == f"≤ {limit}"
    assert set(line.get_ydata()) == {ax.get_yticks()[0]}


def test_a_mean_that_round_off_hides_has_no_band() -> None:
    noise = np.array([[2.0, -1.0, -2.0, 1.5]]) * 2.2e-16
    values = np.concatenate([1 - noise, np.full((1, 4), 0.9)])
    (ax,) = draw({"gradient_cosine": Curve(np.arange(2), values, "step")}, 4).axes
    outline = ax.collections[0].get_paths()[0].vertices
    assert set(outline[outline[:, 0] == 0, 1]) == {ax.get_yticks()[0]}


def test_only_the_whole_gradient_may_be_there() -> None:
    (ax,) = draw(constant(0.5, replicates=5), 5).axes
    assert ax.get_ylabel() == "1 − cosine similarity"
    assert ax.get_xlabel() == "epoch"


def test_the_band_says_of_how_many_it_is() -> None:
    assert "n = 20" in texts(draw(fidelity(20), 20))


def test_no_curves_no_figure() -> None:
    config = make_config("xor")
    assert gradient_fidelity(config, Result(seed=0)) is None
    assert gradient_fidelity(config, Result(seed=0, curves=constant(np.nan))) is None
