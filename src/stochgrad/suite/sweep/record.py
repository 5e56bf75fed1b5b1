"""What compares the runs of a sweep, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stochgrad.suite.analysis.tables import markdown, write_csv, write_parquet
from stochgrad.suite.config.reads import setting_of, unread
from stochgrad.suite.figures import save
from stochgrad.suite.figures.search import draw_search
from stochgrad.suite.figures.sweep import Grid, Point, draw_grid
from stochgrad.suite.sweep.groups import Group, difference_rows, group, group_rows
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.summary import all_rows, headline, rows
from stochgrad.suite.tasks.result import Listener, Progress, Row

if TYPE_CHECKING:
    from optuna import Study

SHOWN = (
    "task.name", "activation", "gradient.name", "estimator.name", "epsilon", "num_steps",
    "num_directions", "dtype", "backend.name",
)  # fmt: skip
"""Settings that a figure names, where all its runs share them."""


def write_summary(
    outcomes: Sequence[Outcome], folder: Path, listener: Listener = lambda told: None
) -> None:
    """Write the tables and figures of a sweep.

    ``summary.csv`` and ``summary.parquet``: a row for each run, with all its final metrics;
    ``summary.md``: the headline metrics; ``groups.csv``: means over seeds; ``differences.csv``:
    paired differences between groups; ``figures/*.png``: the first headline metric.

    Args:
        outcomes: of the jobs.
        folder: to write to.
        listener: told how many of these are done.
    """
    parts = 4  # tables, groups, differences, figures
    listener(Progress(0, parts, "table"))
    every = all_rows(outcomes)
    write_csv(every, folder / "summary.csv")
    write_parquet(every, folder / "summary.parquet")
    (folder / "summary.md").write_text(markdown(rows(outcomes)), encoding="utf-8")
    metrics = headline([outcome for outcome in outcomes if outcome.finished])
    if not metrics:
        return
    listener(Progress(1, parts, "table"))
    groups = group(outcomes)
    write_csv(group_rows(groups, metrics), folder / "groups.csv")
    listener(Progress(2, parts, "table"))
    differences = difference_rows(groups, metrics)
    if differences:
        write_csv(differences, folder / "differences.csv")
    listener(Progress(3, parts, "table"))
    grid = Grid(
        metrics[0],
        [Point(one.axes, one.values(metrics[0])) for one in groups],
        _in_common(groups),
    )
    save(draw_grid(grid), folder / "figures")


def write_search(study: Study, metric: str, folder: Path) -> None:
    """Write the trials of a search, ``trials.csv`` and ``trials.parquet``, and its figures."""
    table: list[Row] = [
        {
            "trial": trial.number,
            **trial.params,
            metric: trial.value,
            "state": trial.state.name,
            "reason": trial.user_attrs.get("reason", ""),
            "run_id": trial.user_attrs.get("run_id", ""),
        }
        for trial in study.trials
    ]
    if table:
        write_csv(table, folder / "trials.csv")
        write_parquet(table, folder / "trials.parquet")
    save(draw_search(study, metric), folder / "figures")


def _in_common(groups: Sequence[Group]) -> str:
    """Return the settings that all runs share, in one line."""
    configs = [next(iter(one.by_seed.values())).job.config for one in groups]
    flats = [config.flat() for config in configs]
    unread_by_all = set.intersection(*(set(unread(config)) for config in configs))
    first, runs = configs[0], sum(len(one.by_seed) for one in groups)
    texts = {
        **flats[0], "epsilon": f"ε = {first.step_text}", "num_steps": f"N = {first.num_steps}",
        "num_directions": f"K = {first.num_directions}",
    }  # fmt: skip
    if first.method != first.gradient.name:
        texts.pop("gradient.name")  # the usual one
    parts = [
        str(texts[key])
        for key in SHOWN
        if key in texts
        and len({str(flat.get(key)) for flat in flats}) == 1
        and not setting_of(key, unread_by_all)
    ]
    return " · ".join([*parts, f"{runs} runs"])
