from __future__ import annotations

import numpy as np
import pytest

from stochgrad.suite.figures.shots import error_against_shots
from stochgrad.suite.tasks.result import Result

from .synthetic import circuit_result, make_config, texts


def test_it_shows_the_table() -> None:
    result = circuit_result(20)
    figure = error_against_shots(make_config("circuit", replicates=20), result)
    assert figure is not None
    (ax,) = figure.axes
    lines = {line.get_label(): line for line in ax.lines}
    for name in ("central", "spsa"):
        rows = [row for row in result.tables["gradients"] if row["estimator"] == name]
        assert list(lines[name].get_xdata()) == [row["shots"] for row in rows]
        assert list(lines[name].get_ydata()) == [row["relative_rmse"] for row in rows]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert "16 angles" in texts(figure)
    assert "n = 20" in texts(figure)


def test_its_bars_are_intervals_of_the_root() -> None:
    """Student's, of log mean square: ``√(m·exp(±t·s/(m√n)))``, with t = 2.093 for 20 replicates."""
    result = circuit_result(20)
    figure = error_against_shots(make_config("circuit", replicates=20), result)
    assert figure is not None
    bars = figure.axes[0].collections[0].get_segments()
    squared = result.arrays["squared_errors"][0] / (result.arrays["exact"] ** 2).sum(1).mean()
    mean, error = squared.mean(axis=1), squared.std(axis=1, ddof=1) / np.sqrt(20)
    for bar, m, e in zip(bars, mean, error, strict=True):
        assert bar[0][1] == pytest.approx(np.sqrt(m * np.exp(-2.0930241 * e / m)))
        assert bar[1][1] == pytest.approx(np.sqrt(m * np.exp(2.0930241 * e / m)))


def test_one_replicate_has_no_interval_and_nothing_no_figure() -> None:
    config = make_config("circuit")
    figure = error_against_shots(config, circuit_result(1))
    assert figure is not None
    assert "interval" not in texts(figure)
    assert error_against_shots(config, Result(seed=0)) is None
