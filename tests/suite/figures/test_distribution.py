from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from stochgrad.suite.figures.derivatives import distribution
from stochgrad.suite.tasks.result import Result

from .synthetic import derivative_result, make_config, texts

CONFIG = make_config("derivative", replicates=100)


def draw(result: Result) -> Any:
    figure = distribution(CONFIG, result)
    assert figure is not None
    return figure


def shift(result: Result, offset: float, spread: float) -> Result:
    """Estimates with a relative error of ``offset`` and a spread of ``spread``."""
    exact = result.arrays["exact"][:, None]
    z = np.random.default_rng(5).standard_normal(result.arrays["estimates"].shape)
    result.arrays["estimates"] = exact * (1 + offset + spread * z)
    return result


def test_at_one_point_every_replicate_is_in_a_histogram() -> None:
    result = derivative_result(100)
    figure = draw(result)
    errors = result.arrays["estimates"][..., 0] / result.arrays["exact"] - 1
    for ax, sample in zip(figure.axes, errors, strict=True):
        assert sum(bar.get_height() for bar in ax.patches) == 100
        assert ax.get_xlabel() == "error / |f′(x)|  (10⁻²)"
        low, high = ax.patches[0].get_x(), ax.patches[-1].get_x() + ax.patches[-1].get_width()
        assert (low, high) == pytest.approx((100 * sample.min(), 100 * sample.max()))
        mean = next(c for c in ax.collections if c.get_label() == "mean").get_segments()[0][0, 0]
        assert mean == pytest.approx(100 * sample.mean())
        assert "exact" in [line.get_label() for line in ax.lines]


def test_a_bias_far_beyond_the_spread_is_written_and_the_errors_are_centred() -> None:
    figure = draw(shift(derivative_result(100), -0.01, 1e-7))
    for ax in figure.axes:
        assert ax.get_xlabel() == "deviation / |f′(x)|  (10⁻⁷)"
        assert sum(bar.get_height() for bar in ax.patches) == 100
        assert ax.texts[0].get_text().startswith("bias −1.0×10⁻², std ")
        assert "exact" not in [line.get_label() for line in ax.lines]
    assert "Distribution about the mean, x = 0.5, 100 replicates" in texts(figure)


@pytest.mark.parametrize("offset", [0.0, 0.01])
def test_equal_estimates_are_one_bar(offset: float) -> None:
    figure = draw(shift(derivative_result(100), offset, 0.0))
    for ax in figure.axes:
        assert sorted(bar.get_height() for bar in ax.patches)[-1] == 100
        assert ", std 0" in ax.texts[0].get_text()


def test_estimates_that_are_not_finite_are_counted() -> None:
    result = derivative_result(100)
    result.arrays["estimates"][0, :3] = np.nan
    result.arrays["estimates"][1] = np.inf
    figure = draw(result)
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 97
    assert "3 not finite" in figure.axes[0].texts[0].get_text()
    assert not figure.axes[1].patches
    assert "100 not finite" in figure.axes[1].texts[0].get_text()


def test_against_x_the_bands_are_quantiles() -> None:
    x = (2.0, 0.1, 1.0)
    result = derivative_result(100, x=x)
    figure = draw(result)
    errors = result.arrays["estimates"] / result.arrays["exact"][:, None] - 1
    order = np.argsort(x)
    for ax, sample in zip(figure.axes, errors, strict=True):
        median = next(line for line in ax.lines if line.get_label() == "median")
        assert list(median.get_xdata()) == sorted(x)
        assert median.get_ydata() == pytest.approx(np.median(sample, axis=0)[order])
        bands = {c.get_label(): c.get_paths()[0].vertices for c in ax.collections}
        for label, tail in (("middle 95 %", 0.025), ("middle 50 %", 0.25)):
            low, high = np.quantile(sample, (tail, 1 - tail), axis=0)
            for i in order:
                ends = bands[label][bands[label][:, 0] == x[i], 1]
                assert (ends.min(), ends.max()) == pytest.approx((low[i], high[i]))


def test_points_whose_exact_value_is_zero_are_marked() -> None:
    result = derivative_result(20, x=(0.0, 0.5, 1.0), names=("square",), exact=[[0.0, 1.0, 2.0]])
    (ax,) = draw(result).axes
    median = next(line for line in ax.lines if line.get_label() == "median")
    assert list(median.get_xdata()) == [0.5, 1.0]
    cross = next(line for line in ax.lines if line.get_label() == "f′(x) = 0")
    assert list(cross.get_xdata()) == [0.0]


def test_a_function_without_any_finite_estimate_says_so() -> None:
    result = derivative_result(20, x=(0.5, 1.0))
    result.arrays["estimates"][1] = np.nan
    figure = draw(result)
    assert not figure.axes[0].texts
    assert figure.axes[1].texts[0].get_text() == "no finite estimate"


def test_one_replicate_is_no_distribution() -> None:
    assert distribution(CONFIG, derivative_result(1)) is None
    assert distribution(CONFIG, Result(seed=0)) is None
    result = derivative_result(3)
    result.arrays["estimates"][:] = np.nan
    assert distribution(CONFIG, result) is None
