"""Figures of training on XOR: every series is drawn, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from stochgrad.suite.figures.studies.xor import (
    convergence_by_activation,
    convergence_by_epsilon,
    final_error,
)
from stochgrad.suite.figures.style import applied

MANY = 10


def curves(column: str, values: list[Any]) -> list[dict[str, Any]]:
    common = {"metric": "train_loss", "estimator": "central", "activation": "tanh", "epsilon": 1e-5}
    return [
        {**common, column: value, "at": at, "mean": mean, "low": mean / 2, "high": mean * 2}
        for k, value in enumerate(values)
        for at in range(0, 500, 10)
        for mean in [np.exp(-at / 100 / (k + 1))]
    ]


def finals(count: int) -> list[dict[str, Any]]:
    return [
        {"estimator": f"e{k}", "epsilon": epsilon, "mean_abs_error_mean": mean,
         "mean_abs_error_low": mean / 2, "mean_abs_error_high": mean * 2, "solved_below": 0.05}
        for k in range(count) for epsilon in (1e-5, 1e-3) for mean in [0.02 * (k + 1)]
    ]  # fmt: skip


FIGURES: dict[str, Callable[[], Figure]] = {
    "activation": lambda: convergence_by_activation(
        curves("activation", [f"a{k}" for k in range(MANY)]), ""
    ),
    "epsilon": lambda: convergence_by_epsilon(
        curves("epsilon", [10.0**-k for k in range(MANY)]), ""
    ),
    "final": lambda: final_error(finals(MANY), ""),
}


@pytest.mark.parametrize("name", FIGURES)
def test_more_series_than_colours_are_drawn_and_differ(name: str) -> None:
    with applied():
        ax = FIGURES[name]().axes[0]
    handles, labels = ax.get_legend_handles_labels()
    assert len(labels) == MANY
    lines = [getattr(handle, "lines", (handle,))[0] for handle in handles]  # of error bars
    looks = {(line.get_color(), str(line.get_marker()), str(line._dash_pattern)) for line in lines}
    assert len(looks) == MANY


def test_the_threshold_is_the_one_that_was_measured_with() -> None:
    with applied():
        ax = final_error(finals(2), "").axes[0]
    assert [text.get_text() for text in ax.texts] == ["solved below 0.05"]
    assert 0.05 in [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == ":"]
