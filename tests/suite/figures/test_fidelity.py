from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad.suite.figures.learning import gradient_fidelity
from stochgrad.suite.tasks.result import Curve, Result

from .synthetic import fidelity, make_config, texts, xor_result


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
