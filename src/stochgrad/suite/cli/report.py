"""What is printed when a run has ended: what was run, the headline figures, where it is logged."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from stochgrad.suite.config.reads import steps_read
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.paths import as_typed, sqlite_uri, without_password
from stochgrad.suite.sweep.summary import MISSING, with_spread
from stochgrad.suite.tasks.result import Result, Row
from stochgrad.suite.tracking.checkpoints import Checkpoint
from stochgrad.suite.tracking.tags import charts_page, run_page

OWN, OWN_SERVER = "make ui", "http://127.0.0.1:5000"
"""How the clone's own store is looked at, and where that is."""
PIPED_WIDTH = 160
"""Columns where the output goes to a file, which has none."""
NAME_WIDTH = 17
"""Columns of the names of settings and metrics."""


class _Output(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # as whatever else is printed does


def output() -> Console:
    """Return where summaries are printed."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return _Output(highlight=False, markup=False, width=width)


def what_ran(config: RunConfig, result: Result) -> str:
    """List the settings that tell runs apart."""
    last = result.seed + config.replicates - 1
    seeds = f"{result.seed}" if config.replicates == 1 else f"{result.seed} to {last}"
    estimates = not config.task.trains or config.make_gradient().uses_estimator
    lines = {
        "task": config.task.name,
        **({"estimator": _estimator(config)} if estimates else {}),
        "backend": f"{config.backend.name}, {config.dtype}, {result.device}",
        "seed": f"{seeds} ({config.replicates} replicate{'s' * (config.replicates > 1)})",
    }
    if config.task.trains and result.dataset is not None:
        data = result.dataset
        widths = [data.features, *config.model.hidden, data.outputs]
        local = f", local losses {config.model.local_losses}" if config.model.local_losses else ""
        lines["network"] = f"{'-'.join(map(str, widths))}, {config.activation}{local}"
        if estimates:
            lines["derivative at"] = config.differentiate_at
        if config.gradient.name != "backprop":
            lines["gradient"] = _gradient(config)
        held = f", {len(data.validation)} validation" if data.validation else ""
        lines["data"] = f"{data.name}: {len(data.train)} training{held}, {len(data.test)} test"
    lines["time"] = f"{result.seconds:.2f} s of numerical work"
    return grid(lines)


def resumption(resumed: Checkpoint) -> str:
    """Say what a run went on from."""
    lines = {"resumed": f"run {resumed.run_id}, after {resumed.done}"}
    if resumed.damaged:
        lines["damaged"] = f"{', '.join(resumed.damaged)}; went on from the checkpoint before"
    return grid(lines)


def service(model_uri: str, tracking_uri: str, root: Path) -> str:
    """Say how a registered model is served."""
    command = as_typed(f"make serve MODEL='{model_uri.removeprefix('models:/')}'")
    if look(tracking_uri, root) != as_typed(OWN):
        command = f"MLFLOW_TRACKING_URI={without_password(tracking_uri)} {command}"
    return grid({"registered": model_uri, "serve": command})


def _estimator(config: RunConfig) -> str:
    name = "those of the task" if config.estimator is None else config.estimator.name
    steps = [f"{key.replace('ε', 'epsilon')} {value}" for key, value in steps_read(config).items()]
    return ", ".join([name, *steps])


def _gradient(config: RunConfig) -> str:
    options = ", ".join(f"{key} {value}" for key, value in config.gradient.options.items())
    parts, gradient = [config.gradient.name, options], config.make_gradient()
    if gradient.reads_losses:
        parts.append(f"epsilon {config.step_text}")
    if gradient.perturbs:
        parts.append(f"K {config.num_directions}")
    return ", ".join(part for part in parts if part)


def figures(result: Result) -> str:
    """List the headline metrics, with standard deviations over replicates."""
    finals = result.finals()
    return grid({n: with_spread(finals, n) for n in result.headline if n in finals})


def derivatives(rows: Sequence[Row]) -> Table:
    """Lay estimates out beside exact derivatives, one line a function and point."""
    table = Table(box=None, header_style="bold", padding=(0, 1))
    columns = ("x", "exact", "tensorflow", "mean", "bias", "std")
    # A number that is cut off, as -1.… of -1.1e-12, would be another one: it is folded.
    table.add_column(" function", overflow="fold")
    for name in columns:
        heading = "estimate" if name == "mean" else name
        table.add_column(heading, justify="right", overflow="fold")
    for row in rows:
        cells = (row[name] for name in columns)
        table.add_row(
            f" {row['formula']}",
            *(MISSING if c is None or math.isnan(c) else f"{c:.7g}" for c in cells),
        )
    return table


def where_logged(
    experiment: str, run_id: str, tracking_uri: str, root: Path, experiment_id: str = ""
) -> str:
    """Say where the run is, and the command or the address that shows it."""
    shown = look(tracking_uri, root)
    if experiment_id and shown.startswith("http"):
        shown = f"{shown.rstrip('/')}/{charts_page(experiment_id)}"
    elif experiment_id and shown == as_typed(OWN):
        shown = f"{shown}, then {OWN_SERVER}/{run_page(experiment_id, run_id)}"
    return grid(
        {
            "logged": f"experiment {experiment}, run {run_id}",
            "in": without_password(tracking_uri),
            "look": shown,
        }
    )


def look(tracking_uri: str, root: Path) -> str:
    """Return the command that shows what is logged, or the address that does.

    >>> look("http://127.0.0.1:5000", Path("/clone"))
    'http://127.0.0.1:5000'
    >>> look("sqlite:////clone/mlflow.db", Path("/clone"))
    'make ui'
    >>> look("sqlite:////other.db", Path("/clone"))
    'mlflow ui --backend-store-uri sqlite:////other.db'
    """
    if tracking_uri == sqlite_uri(root / "mlflow.db"):
        return as_typed(OWN)
    if tracking_uri.startswith(("http://", "https://")):
        return without_password(tracking_uri)
    return f"mlflow ui --backend-store-uri {without_password(tracking_uri)}"


def grid(lines: dict[str, str]) -> str:
    """Lay out names and values in two columns, with an empty line after them.

    >>> print(grid({"task": "xor"}), end="")
      task             xor
    <BLANKLINE>
    """
    width = max(NAME_WIDTH, *(len(name) + 2 for name in lines), 0)
    return "".join(f"  {name:<{width}}{value}\n" for name, value in lines.items()) + "\n"
