"""What every stage of the pipeline does: run its sweeps, read their records, write its folder.

A stage is a sweep like any other: planned, run and recorded by the functions behind the command.
What DVC tracks of it are a folder of results that a repeated stage writes byte for byte alike, and
beside it a record of what differs each time: ids of runs, times, the machine.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from yaml import YAMLError

from stochgrad.errors import ConfigError
from stochgrad.suite import tasks
from stochgrad.suite.analysis.tables import write_csv
from stochgrad.suite.cli import explained
from stochgrad.suite.cli.progress import SweepBar
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.paths import project_root, without_password
from stochgrad.suite.sweep.launcher import launch
from stochgrad.suite.sweep.ledger import survey
from stochgrad.suite.sweep.plan import plan_sweep
from stochgrad.suite.tasks.result import Row
from stochgrad.suite.tracking import StoredRun, collect, locate, read_run
from stochgrad.suite.tracking.record import as_text

PARAMS = "params.yaml"
DATASETS = ("digits", "mnist")
MISTAKE = 2
FAILED = 1


class StageError(RuntimeError):
    """A stage could not do what it is for; its last good results are left as they were."""


@dataclass(frozen=True)
class Finished:
    """A run of a sweep that finished, and its record.

    Attributes:
        swept: the values of the swept keys, as text.
        config: as run.
        stored: what MLflow has of it.
    """

    swept: Mapping[str, str]
    config: RunConfig
    stored: StoredRun


@dataclass
class Stage:
    """A stage at work.

    Attributes:
        name: of its results: ``results/<name>/`` and ``results/records/<name>.json``.
        root: of the project.
        runs: that its sweeps made, with the command that each sweep is.
    """

    name: str
    root: Path
    runs: list[tuple[str, Finished]] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def sweep(self, settings: Mapping[str, Any]) -> list[Finished]:
        """Run every combination of the settings that is not on record yet; read the records back.

        Args:
            settings: of ``params.yaml``; a list is swept over.

        Raises:
            ConfigError: for a mistake in the settings, or if something they need is not there.
            StageError: if a run failed.
        """
        typed = arguments(settings)
        plan = plan_sweep(typed, self.root / "conf")
        for job in plan.jobs:
            tasks.prepare(job.config)
        standings = survey(plan, locate())
        with SweepBar(Console(stderr=True), len(plan.jobs)) as bar:
            launched = launch(plan, standings, tasks.run, bar)
        if launched.interrupt is not None:
            raise launched.interrupt
        if launched.failed:
            raise StageError("; ".join(outcome.complaint() for outcome in launched.failed))
        found = [
            Finished(o.job.swept, o.job.config, read_run(o.job.config.task.name, o.run_id))
            for o in launched.outcomes
        ]
        command = " ".join(["python -m src.run -m", *typed])
        self.runs += [(command, run) for run in found]
        return found

    def write(self, metrics: Mapping[str, Any], tables: Mapping[str, list[Row]]) -> Path:
        """Write ``metrics.json`` and ``tables/*.csv``, then the record; a reader sees all or none.

        Returns:
            The folder of the results.
        """
        folder = self.root / "results" / self.name
        with replaced(folder) as beside:
            write_json(metrics, beside / "metrics.json")
            for name, rows in tables.items():
                write_csv(rows, beside / "tables" / f"{name}.csv")
            # In here, so that neither takes its place before both are written.
            self.write_record({})
        print(f"{self.name}: {folder.relative_to(self.root)}/")
        return folder

    def write_record(self, further: Mapping[str, Any]) -> None:
        """Write what differs each time: the runs, how long it took, code and machine."""
        provenance = collect(self.root).summary()
        del provenance["machine"]["host"], provenance["pid"]
        record = {
            "stage": self.name,
            "seconds": round(time.perf_counter() - self.started, 1),
            "tracking_uri": without_password(os.environ.get("MLFLOW_TRACKING_URI", "")),
            **provenance,
            "runs": [_describe(command, run) for command, run in self.runs],
            **further,
        }
        path = self.root / "results" / "records" / f"{self.name.replace('/', '-')}.json"
        with replaced(path) as beside:
            write_json(record, beside)


def _describe(command: str, run: Finished) -> dict[str, Any]:
    timing = run.stored.table("timing")
    return {
        "run_id": run.stored.run_id,
        "experiment_id": run.stored.experiment_id,
        "task": run.config.task.name,
        "estimator": run.config.estimator.name,
        "epsilon": run.config.epsilon,
        "num_steps": run.config.num_steps,
        "dtype": run.config.dtype,
        "backend": run.config.backend.name,
        "activation": run.config.activation if run.config.task.trains else None,
        "gradient": run.config.gradient.name if run.config.task.trains else None,
        "seed": run.config.seed,
        "replicates": run.config.replicates,
        "swept": dict(run.swept),
        "command": command,
        "data_sha256": run.stored.tags.get("data_sha256"),
        "models": list(run.stored.models),
        "metrics": {k: v for k, v in run.stored.metrics.items() if "." not in k},
        "seconds": run.stored.seconds,
        "parts": [row["seconds"] for row in timing],
    }


def digits(relative_error: float) -> float | None:
    """Return −log₁₀ of a relative error, since DVC shows five places; None for an exact hit.

    >>> digits(0.001)
    3.0
    """
    return -math.log10(relative_error) if relative_error > 0 else None


def arguments(settings: Mapping[str, Any]) -> list[str]:
    """Write settings as the command line takes them; a list holds values to sweep over.

    >>> arguments({"task": "xor", "epsilon": [1e-3, 1e-5], "model.hidden": [[8, 8]]})
    ['task=xor', 'epsilon=0.001,1e-05', 'model.hidden=[8, 8]']
    """
    return [
        f"{key}={','.join(map(as_text, value)) if isinstance(value, list) else as_text(value)}"
        for key, value in settings.items()
    ]


def parameters(root: Path, *keys: str) -> dict[str, Any]:
    """Return a section of ``params.yaml``.

    Raises:
        ConfigError: if there is none, where the message names those there are, or no such file.
    """
    file = root / PARAMS
    if not file.is_file():
        raise ConfigError(f"{file}: missing; run from a clone of the repository")
    try:  # not PyYAML: it reads 1e-5 as text
        section = OmegaConf.to_container(OmegaConf.load(file), resolve=True)
    except (YAMLError, OmegaConfBaseException, OSError, ValueError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    for i, key in enumerate(keys):
        if not isinstance(section, dict) or not isinstance(section.get(key), dict):
            known = ", ".join(map(str, section)) if isinstance(section, dict) else "none"
            raise ConfigError(f"{PARAMS}: no section {'.'.join(keys[: i + 1])}; there are: {known}")
        section = section[key]
    assert isinstance(section, dict)
    return {str(key): value for key, value in section.items()}


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a place beside ``path`` to write a file or a folder to, which then takes its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside, old = (path.with_name(f".{path.name}.{os.getpid()}.{end}") for end in ("new", "old"))
    try:
        yield beside
        if path.is_dir():  # unlike a file, it cannot be renamed over
            path.rename(old)
        try:
            beside.rename(path)
        except OSError:
            old.rename(path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        if beside.is_dir():
            shutil.rmtree(beside)
        beside.unlink(missing_ok=True)


def write_json(values: Any, path: Path) -> None:
    """Write JSON; a float is written so that it reads back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(values, indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def main(name: str, work: Callable[[Stage], None]) -> None:
    """Carry out a stage as a program: a mistake ends with code 2, a failed run with code 1."""

    def stage() -> int | None:
        try:
            work(Stage(name, project_root()))
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}") from error
        except StageError as error:
            print(f"error: {name}: {' '.join(str(error).split())}", file=sys.stderr)
            return FAILED
        return None

    code = explained(stage)
    if code:
        sys.exit(code)


def given_arguments() -> list[str]:
    """Return what the program was given; if that is ``--help``, print what it does, and end."""
    given = sys.argv[1:]
    if {"-h", "--help"} & set(given):
        print(str(sys.modules["__main__"].__doc__).strip())
        sys.exit(0)
    return given


def no_arguments() -> None:
    """Refuse any argument but ``--help``."""
    if given_arguments():
        print(f"error: {sys.argv[1]}: this program takes no arguments", file=sys.stderr)
        sys.exit(MISTAKE)


def choice(what: str, allowed: Sequence[str]) -> str:
    """Return the program's only argument, one of a few names."""
    given = given_arguments()
    if len(given) != 1 or given[0] not in allowed:
        print(f"error: name one {what}: {', '.join(allowed)}", file=sys.stderr)
        sys.exit(MISTAKE)
    return given[0]
