"""Figures of classifiers side by side."""

from __future__ import annotations

from stochgrad.suite.figures.studies.classifiers import fidelity
from stochgrad.suite.figures.style import applied


def test_every_layer_of_a_deep_network_has_a_line() -> None:
    rows = [
        {"metric": f"{metric}.layer_{layer}", "at": at, "mean": mean}
        for metric, mean in (("gradient_cosine", 0.9), ("gradient_relative_error", 0.1))
        for layer in range(1, 11)
        for at in (1, 2, 3)
    ]
    with applied():
        figure = fidelity(rows, 1e-12, "")
    for ax in figure.axes:
        assert ax.get_legend_handles_labels()[1] == [f"layer {k}" for k in range(1, 11)]
