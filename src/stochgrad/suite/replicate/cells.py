"""The cells of a paper carried out: as runs, side by side, each of them once; or computed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import ConfigError
from stochgrad.suite import tasks, tracking
from stochgrad.suite.analysis.tables import column
from stochgrad.suite.config.compose import configuration
from stochgrad.suite.config.validation import validate_section
from stochgrad.suite.paths import as_typed
from stochgrad.suite.replicate.computed import COMPUTATIONS
from stochgrad.suite.replicate.paper import Cell, Paper
from stochgrad.suite.replicate.verdict import ABSENT, UNTOLD, Verdict, judge
from stochgrad.suite.sweep.ledger import Ledger, Standing, outcome_of, survey
from stochgrad.suite.sweep.plan import Job, Plan, sweep_of
from stochgrad.suite.sweep.settings import SECTION, SweepSettings
from stochgrad.suite.tasks.result import Curve, Row
from stochgrad.suite.tracking.record import FINISHED

SEEDS = 10
"""Of a cell that is computed."""
AROUND = ("replicates", "seed", "backend", "data.", "sweep.", "checkpoint_seconds", "export")
"""Arguments that leave a cell what the paper says: which seeds, and where and how it runs."""
NO_RUN: Row = dict.fromkeys(("settings", "passes", "seconds", "commit", "run_id", "command"))
"""Columns of a run."""


@dataclass(frozen=True)
class Found:
    """What a cell gave.

    Attributes:
        row: of the ledger.
        curve: of the accuracy on the validation set, where there is one, else on the training set;
            None without a run, or where a run has no accuracy.
        examples: which of the two.
    """

    row: Row
    curve: Curve | None = None
    examples: str = ""


def plan_cells(
    cells: Mapping[str, Cell], paper: Paper, arguments: Sequence[str], conf: Path
) -> Plan:
    """Compose and validate the runs of all cells: no jobs where all of them are computed.

    Raises:
        ConfigError: for a mistake in an argument, or in the paper's file.
    """
    jobs: list[Job] = []
    with configuration(conf) as composer:
        around = [argument for argument in arguments if argument.startswith(f"{SECTION}.")]
        section = composer.section(SECTION, around)
        settings = validate_section(SweepSettings, section, f"{SECTION}.")
        for name, cell in cells.items():
            if cell.compute is not None:
                continue
            typed = [*paper.settings, *cell.settings, *arguments]
            try:
                found = sweep_of(typed, composer)
            except ConfigError as error:
                raise ConfigError(f"{name}: {error}") from error
            if len(found.jobs) > 1:
                raise ConfigError(f"{name}: several values; a cell is one run, of several seeds")
            jobs.append(Job(len(jobs) + 1, {"cell": name}, found.jobs[0].config))
    return Plan(tuple(jobs), tuple(arguments), settings)


def standings_of(plan: Plan) -> list[Standing]:
    """Find out what is on record: a run of these settings and data counts, whatever its code.

    The ledger names the commit of every run; ``sweep.rerun=true`` repeats those of other code.
    """
    location = tracking.locate()
    ledger, standings = Ledger(location), survey(plan, location)
    found = []
    for standing in standings:
        if standing.outcome is None and not plan.settings.rerun:
            same = [
                run
                for run in ledger.runs(standing.job.config, standing.identity)
                if run.info.status == FINISHED
                and run.data.tags.get("stochgrad.data_sha256") == standing.identity.data
                and ledger.has_files(run)
            ]
            if same:
                outcome = outcome_of(same[0], standing.job)
                standing = replace(standing, state="done", outcome=outcome)
        found.append(standing)
    return found


def on_record(
    cells: Mapping[str, Cell], paper: Paper, arguments: Sequence[str], conf: Path
) -> dict[str, Found]:
    """Read back those cells of which there is a run of these settings; nothing is run.

    Data are looked at, and prepared if need be, only where such runs are on record.
    """
    own = [argument for argument in arguments if not argument.startswith("sweep.")]
    try:
        plan = plan_cells(cells, paper, own, conf)
    except ConfigError:  # settings that were typed for other cells
        return {}
    ledger = Ledger(tracking.locate())
    jobs = tuple(
        job for job in plan.jobs if ledger.finished(job.config.task.name, job.config.config_hash())
    )
    if not jobs:
        return {}
    plan = replace(plan, jobs=jobs)
    prepare(plan)
    found = {}
    for standing in standings_of(plan):
        if standing.outcome is not None:
            job, name = standing.job, standing.job.swept["cell"]
            found[name] = of_run(name, cells[name], paper, job, standing.outcome.run_id, own)
    return found


def measured(run: tracking.StoredRun, measure: str) -> NDArray[np.float64]:
    """Return the measure of each replicate.

    Raises:
        ConfigError: for a column that the run's table does not have.
    """
    rows = run.table("replicates")
    if measure == "test_error":
        return 100 * (1 - column(rows, "test_accuracy"))
    if measure not in rows[0]:
        raise ConfigError(
            f"measure={measure}: not in the table of replicates: {', '.join(rows[0])}"
        )
    return column(rows, measure)


def of_run(
    name: str, cell: Cell, paper: Paper, job: Job, run_id: str, arguments: Sequence[str]
) -> Found:
    """Read a finished run back, and judge it."""
    config = job.config
    stored = tracking.read_run(config.task.name, run_id)
    values = measured(stored, cell.measure or paper.measure)
    other = [a for a in arguments if not a.startswith(AROUND)]
    shorter = f"other settings than the paper's: {' '.join(other)}" if other else cell.shorter
    passes = stored.metrics.get("forward_passes", 3.0)
    commit = json.loads((stored.folder / "provenance.json").read_text())["code"]["commit"]
    curves = stored.curves()
    examples = "validation" if "val_accuracy" in curves else "training"
    curve = curves.get("val_accuracy", curves.get("train_accuracy"))
    done = max(int(c.at[-1]) for c in curves.values())
    typed = [*paper.settings, *cell.settings, *arguments]
    row = _row(name, cell, paper, values, shorter) | {
        "settings": " ".join(typed),
        "passes": passes * done,
        "seconds": stored.seconds,
        "commit": commit,
        "run_id": run_id,
        "command": as_typed(f"python -m src.run {shlex.join(typed)}"),
    }
    return Found(row, curve, examples)


def of_computation(name: str, cell: Cell, paper: Paper, commit: str | None) -> Found:
    """Compute a cell, and judge it."""
    assert cell.compute is not None
    try:
        values = COMPUTATIONS[cell.compute](SEEDS, **cell.options)
    except TypeError as error:
        raise ConfigError(f"{name}.options: {error}") from error
    row = _row(name, cell, paper, values, cell.shorter) | {
        **NO_RUN, "settings": settings_of(cell, paper), "commit": commit,
    }  # fmt: skip
    return Found(row)


def settings_of(cell: Cell, paper: Paper) -> str:
    """Return the settings that a cell has by the paper's file."""
    if cell.compute is None:
        return " ".join([*paper.settings, *cell.settings])
    options = " ".join(f"{key}={value}" for key, value in cell.options.items())
    return f"{cell.compute}({options})"


def failed(name: str, cell: Cell, paper: Paper, reason: str) -> Found:
    """Return the row of a cell whose run failed."""
    row = _row(name, cell, paper, np.full(1, np.nan), cell.shorter) | NO_RUN
    return Found({**row, "verdict": UNTOLD, "reason": reason})


def not_run(name: str, cell: Cell, paper: Paper, command: str) -> Found:
    """Return the row of a cell of which there is no run.

    Args:
        name: of the cell.
        cell: itself.
        paper: whose cell it is.
        command: that runs it.
    """
    row = _row(name, cell, paper, np.full(1, np.nan), cell.shorter)
    return Found({
        **row, **NO_RUN, "seeds": 0, "verdict": ABSENT, "reason": "",
        "settings": settings_of(cell, paper), "command": as_typed(command),
    })  # fmt: skip


def _row(name: str, cell: Cell, paper: Paper, values: NDArray[np.float64], shorter: str) -> Row:
    share = cell.tolerance or paper.tolerance
    tolerance = None if cell.published is None else share * abs(cell.published)
    said: Verdict = judge(
        values, cell.published, tolerance or 0.0, cell.better or paper.better, shorter
    )
    return {
        "cell": name,
        "unit": cell.unit or paper.unit,
        "published": cell.published,
        "tolerance": tolerance,
        "ours": said.mean,
        "low": said.low,
        "high": said.high,
        "seeds": len(values),
        "verdict": said.verdict,
        "reason": said.reason or cell.note,
    }


def prepare(plan: Plan) -> None:
    """Get what the runs need, or say what the user has to do first."""
    for job in plan.jobs:
        tasks.prepare(job.config)
