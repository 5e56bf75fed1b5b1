"""``python -m src.tune``: a search for settings, from the command to the best it found."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from stochgrad.errors import ConfigError, nearest
from stochgrad.suite import tasks, tracking
from stochgrad.suite.cli import default_store, explained
from stochgrad.suite.cli.arguments import parse
from stochgrad.suite.cli.help import help_page
from stochgrad.suite.cli.progress import SearchBar
from stochgrad.suite.cli.report import grid, output, where_logged
from stochgrad.suite.cli.show import show_version
from stochgrad.suite.config.compose import AROUND_RUNS, configuration
from stochgrad.suite.config.mistakes import as_given
from stochgrad.suite.config.overrides import section
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.config.validation import validate_section
from stochgrad.suite.paths import as_typed, home
from stochgrad.suite.sweep.combinations import with_values
from stochgrad.suite.sweep.plan import Job, read_sweep
from stochgrad.suite.sweep.search import carry_on
from stochgrad.suite.sweep.settings import SweepSettings, TuneSettings
from stochgrad.suite.sweep.space import as_arguments, corners, search_space
from stochgrad.suite.sweep.study import Found, Search
from stochgrad.suite.sweep.summary import plain_table

SHOWN = 10
"""Trials in the table at the end."""


def main(conf: Path, argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        conf: folder of the configuration files.
        argv: what was typed; by default, of this process.

    Returns:
        The exit code: 0 done, 1 no trial was completed, 2 a mistake, 130 interrupted by Ctrl-C.
    """
    return explained(lambda: _command(sys.argv[1:] if argv is None else argv, conf))


def _command(argv: Sequence[str], conf: Path) -> int:
    arguments = parse(argv)
    if arguments.help:
        print(as_typed(help_page("tune")))
        return 0
    if arguments.version:
        print(show_version())
        return 0
    given = {
        "-m": arguments.multirun,
        "--cfg": arguments.cfg,
        "--info": arguments.info,
        "--completion": arguments.completion,
    }
    if meaningless := [flag for flag, typed in given.items() if typed]:
        raise ConfigError(f"{' '.join(meaningless)}: no meaning in a search; leave it out")
    root = home(conf)
    default_store(root)
    typed = arguments.overrides
    with configuration(arguments.sources(conf), typed) as composer:
        overrides, _ = read_sweep(typed, composer)
        fixed = [
            str(o.input_line)
            for o in overrides
            if not o.is_sweep_override() and section(o) not in AROUND_RUNS
        ]
        space = search_space(overrides, composer.choices)

        def compose(point: dict[str, str]) -> Job:
            return Job(0, point, composer.run(with_values(overrides, point)))

        ends = [as_arguments(point) for point in corners(space)]
        points = [compose(point) for point in ends]
        composer.check_read(typed, [job.config for job in points])
        first = with_values(overrides, ends[0])
        with as_given(overrides):
            settings = validate_section(TuneSettings, composer.section("tune", first), "tune.")
            how = validate_section(SweepSettings, composer.section("sweep", first), "sweep.")
        for job in points:
            tasks.prepare(job.config)
        config = points[0].config
        metric = settings.metric or _usual_metric(config)
        for job in points:
            _check_metric(metric, settings, job.config)
        search = Search(settings, space, config.task.name, metric, typed, how)

        with SearchBar(Console(stderr=True), settings.trials, metric) as bar:
            found = carry_on(search, fixed, compose, tasks.run, bar)
        best: list[str] = []
        if found.best is not None:
            point = as_arguments(found.best.params)
            best = composer.read_of([*fixed, *(f"{key}={value}" for key, value in point.items())])
    _report(found, search, best, root)
    if found.interrupt is not None:
        return tracking.exit_code(found.interrupt)
    return 0 if found.best is not None else 1


def _usual_metric(config: RunConfig) -> str:
    """Return what a search improves if nothing else is said."""
    if not config.task.trains:
        return "abs_error"
    dataset = tasks.load(config)
    return "train_loss" if dataset is None or dataset.validation is None else "val_loss"


def _check_metric(metric: str, settings: TuneSettings, config: RunConfig) -> None:
    """Refuse a metric that runs will not have, if their task tells which they have."""
    known, task = tasks.metrics(config), config.task.name
    if not known or metric in known:
        return
    allowed = f"allowed: {', '.join(known)}"
    if settings.metric is None:
        raise ConfigError(f"tune.metric=null: task={task} has none that is usual; {allowed}")
    raise ConfigError(
        f"tune.metric={metric}: task={task} with these settings does not have it; {allowed}."
        f"{nearest(metric, known)}"
    )


def _report(found: Found, search: Search, best: Sequence[str], root: Path) -> None:
    """Print the best trials, and the command that runs the best one again, of these arguments."""
    numbers = ("trial", search.metric)
    table = plain_table([*numbers, *search.space], numbers)
    for trial in found.ranked[:SHOWN]:
        values = as_arguments(trial.params).values()
        table.add_row(str(trial.number), f"{trial.value:.4g}", *values)
    output().print(table)
    print(f"\n  {found.detail} in the study {found.study.study_name}\n")
    sweep = found.sweep
    where = sweep.run_id, sweep.tracking_uri, root, sweep.record.experiment_id
    print(where_logged(search.task, *where), end="")
    if found.best is not None:
        command = f"{as_typed('python -m src.run')} {shlex.join(best)}"
        print(grid({"best": command}), end="")
