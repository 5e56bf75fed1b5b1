from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stochgrad.suite.figures.xor import outputs

from .synthetic import digits_result, make_config, texts, xor_result


def test_every_output_of_every_replicate_is_a_dot_over_its_input() -> None:
    result = xor_result(20)
    assert result.outputs is not None
    figure = outputs(make_config("xor", replicates=20), result)
    assert figure is not None
    ax = figure.axes[0]
    (dots,) = ax.lines
    assert np.array_equal(dots.get_ydata(), result.outputs[..., 0].ravel())
    assert np.array_equal(np.round(dots.get_xdata()), np.tile(np.arange(4), 20))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0,0", "1,1", "1,0", "0,1"]
    segments = ax.collections[0].get_segments()
    assert [segment[0, 1] for segment in segments] == [0, 0, 1, 1]


def test_the_errors_of_the_replicates_are_a_distribution_function() -> None:
    result = xor_result(20)
    assert result.outputs is not None
    figure = outputs(make_config("xor", replicates=20), result)
    assert figure is not None
    dots = figure.axes[1].lines[-1]
    errors = np.sort(np.abs(result.outputs[..., 0] - [0, 0, 1, 1]).mean(axis=1))
    assert dots.get_xdata() == pytest.approx(errors)
    assert dots.get_ydata() == pytest.approx(np.arange(1, 21) / 20)


def test_errors_over_decades_are_on_a_log_axis_and_nan_never_counts() -> None:
    result = xor_result(4)
    targets = np.array([0, 0, 1, 1.0])
    errors = np.array([1e-4, 1e-3, 0.5, np.nan])
    result = replace(result, outputs=(targets + errors[:, None])[..., None])
    figure = outputs(make_config("xor", replicates=4), result)
    assert figure is not None
    ax = figure.axes[1]
    assert ax.get_xscale() == "log"
    assert ax.lines[-1].get_ydata() == pytest.approx([0.25, 0.5, 0.75])
    assert "1 not finite" in texts(figure)


def test_one_network_has_its_outputs_written_and_no_distribution() -> None:
    result = xor_result(1)
    assert result.outputs is not None
    figure = outputs(make_config("xor"), result)
    assert figure is not None
    assert len(figure.axes) == 1
    for value in result.outputs.ravel():
        assert f"{value:.4f}" in texts(figure)


def test_no_outputs_no_figure() -> None:
    config = make_config("xor")
    result = xor_result(3)
    assert outputs(config, replace(result, outputs=None)) is None
    assert outputs(config, replace(result, outputs=np.full((3, 4, 1), np.nan))) is None
    assert outputs(make_config("digits"), digits_result()) is None


def test_some_outputs_of_every_network_may_be_nan() -> None:
    result = xor_result(2)
    assert result.outputs is not None
    result.outputs[:, 0] = np.nan
    figure = outputs(make_config("xor", replicates=2), result)
    assert figure is not None
    assert "2 not finite" in texts(figure)
