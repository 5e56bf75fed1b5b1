"""A search for settings: how the best value came down, and where in each setting it lies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from stochgrad.suite.figures.axes import Scale, choose_scale, count_axis, name_axis
from stochgrad.suite.figures.panels import MOST_PANELS, several
from stochgrad.suite.figures.style import (
    BLUE,
    GREY,
    VERMILLION,
    drawn,
    new_figure,
    offsets,
)

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

ROOM = 20
"""Characters that have room side by side under one of so many axes."""


def draw_search(study: Study, metric: str) -> dict[str, Figure]:
    """Draw ``history``, the values in the order of the trials, and ``slices``, over each setting.

    Args:
        study: of Optuna's; the value of a pruned trial is the last that it reported.
        metric: its name.

    Returns:
        Figures by name; none where no trial was completed.
    """
    known = [
        trial
        for trial in study.trials
        if trial.state.name in ("COMPLETE", "PRUNED")
        and trial.value is not None
        and math.isfinite(trial.value)
    ]
    if all(_is_pruned(trial) for trial in known):
        return {}
    maximize, setting = study.direction.name == "MAXIMIZE", f"study {study.study_name}"
    return {
        "history": drawn(_history, metric, known, maximize, setting),
        "slices": drawn(_slices, metric, known, setting),
    }


def _history(metric: str, trials: list[FrozenTrial], maximize: bool, setting: str) -> Figure:
    figure, axes = new_figure(f"{metric} of {len(trials)} trials", setting)
    ax = axes[0, 0]
    scale = choose_scale(ax, _values(trials))
    numbers = np.array([trial.number for trial in trials])
    _dots(ax, numbers, trials, scale)
    whole = [trial for trial in trials if not _is_pruned(trial)]
    best = (np.maximum if maximize else np.minimum).accumulate(_values(whole))
    at = [trial.number for trial in whole]
    ax.step(at, scale.place(best), where="post", color=VERMILLION, label="best so far")
    count_axis(ax, numbers, "trial")
    ax.set_ylabel(metric)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def _is_pruned(trial: FrozenTrial) -> bool:
    return trial.state.name == "PRUNED"


def _values(trials: list[FrozenTrial]) -> Any:
    return np.array([trial.value for trial in trials], float)


def _slices(metric: str, trials: list[FrozenTrial], setting: str) -> Figure:
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    columns = min(MOST_PANELS, len(names))
    size = (max(4.2, 2.6 * columns), 1.6 + 2.0 * math.ceil(len(names) / columns))
    figure, axes = several(
        f"{metric} over each setting", setting, len(names), columns, size=size, sharey=True
    )
    for i, (ax, name) in enumerate(zip(axes, names, strict=True)):
        held = [trial for trial in trials if name in trial.params]
        scale = choose_scale(ax, _values(trials))
        _dots(ax, _places(ax, name, held), held, scale, labelled=i == 0)
        ax.set_xlabel(name)
        if i % columns == 0:
            ax.set_ylabel(metric)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _places(ax: Any, name: str, trials: list[FrozenTrial]) -> Any:
    """Return where each trial stands on the axis of a setting."""
    values = [trial.params[name] for trial in trials]
    if all(isinstance(value, int | float) for value in values):
        choose_scale(ax, values, "x", most=4)
        return np.array(values, float)
    names = list(dict.fromkeys(map(str, values)))
    name_axis(ax, names, ROOM)
    return np.array([names.index(str(value)) for value in values]) + offsets(len(values), 0.5)


def _dots(ax: Any, x: Any, trials: list[FrozenTrial], scale: Scale, labelled: bool = True) -> None:
    y = scale.place(_values(trials))
    pruned = np.array([_is_pruned(trial) for trial in trials], bool)
    for chosen, marker, color, label in (
        (~pruned, "o", BLUE, "completed"), (pruned, "x", GREY, "pruned, last value reported"),
    ):  # fmt: skip
        if chosen.any():
            ax.plot(
                x[chosen],
                y[chosen],
                marker,
                color=color,
                alpha=0.7,
                label=label if labelled else "_",
            )
