"""What a run of a sweep costs beyond its training, by part.

``python -m benchmarks sweep`` runs 50 short XOR runs with their models one after another in this
process, through the function that every job of a sweep goes through, and prints the seconds that
each part took, a run.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from stochgrad.suite import tasks, tracking
from stochgrad.suite.sweep.identity import identify
from stochgrad.suite.sweep.job import Assignment, carry_out
from stochgrad.suite.sweep.plan import plan_sweep

RUNS = 50
STEPS = 2000
AIM = 0.5
"""Seconds a run beyond training."""
PARTS = {
    "training": "stochgrad.suite.tasks.run",
    "model: exported": "stochgrad.suite.tracking.model.export",
    "model: loaded back": "stochgrad.suite.tracking.model.check",
    "MLflow: files": "stochgrad.suite.tracking.record.Record.log_files",
    "MLflow: model's files": "mlflow.MlflowClient.log_model_artifacts",
    "MLflow: model's record": "stochgrad.suite.tracking.run.announce_model",
    "MLflow: model's end": "mlflow.MlflowClient.finalize_logged_model",
    "MLflow: batches": "mlflow.MlflowClient.log_batch",
    "MLflow: start": "stochgrad.suite.tracking.record.Record.start",
    "MLflow: end": "mlflow.MlflowClient.set_terminated",
    "is it done?": "stochgrad.suite.sweep.ledger.Ledger.runs",
    "git, machine": "stochgrad.suite.tracking.run.collect",
}


class Stopwatch:
    """Seconds by part; what a part spends in another one counts for that one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner: list[float] = []

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, with its time counted for a part."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self._inner.append(0.0)
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.perf_counter() - started
                self.seconds[part] += spent - self._inner.pop()
                if self._inner:
                    self._inner[-1] += spent

        return call

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Replace every part by its timed self."""
        with ExitStack() as stack:
            for part, target in PARTS.items():
                original, _ = patch(target).get_original()  # type: ignore[attr-defined]
                bound = getattr(original, "__func__", None)  # of a class method
                timed: Any = self.timed(part, bound or original)
                stack.enter_context(patch(target, classmethod(timed) if bound else timed))
            yield


def main() -> None:
    """Run, and print where the time went."""
    conf = Path(__file__).resolve().parents[1] / "conf"
    plan = plan_sweep([f"seed=range(0,{RUNS + 1})", f"task.steps={STEPS}"], conf)
    with TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        sweep = tracking.start_sweep("xor")
        todo = [
            Assignment(job, identity, sweep.run_id, sweep.tags, sweep.location)
            for job, identity in zip(plan.jobs, identify(plan.jobs), strict=True)
        ]
        carry_out(todo[0], tasks.run)  # imports TensorFlow, and whatever else is imported once
        watch = Stopwatch()
        started, computing = time.perf_counter(), time.process_time()
        with watch.watching():
            for assignment in todo[1:]:
                outcome = carry_out(assignment, lambda *args: tasks.run(*args))
                assert outcome is not None
                assert outcome.finished, outcome
        total = time.perf_counter() - started
        computed = time.process_time() - computing
    watch.seconds["everything else"] = total - sum(watch.seconds.values())
    training = watch.seconds.pop("training")
    table = Table(title=f"{RUNS} XOR runs of {STEPS:,} steps in one process, seconds a run")
    table.add_column("")
    table.add_column("seconds", justify="right")
    for part, seconds in sorted(watch.seconds.items(), key=lambda one: -one[1]):
        table.add_row(part, f"{seconds / RUNS:.3f}")
    table.add_row("beyond training", f"{(total - training) / RUNS:.3f}", style="bold")
    table.add_row("training", f"{training / RUNS:.3f}")
    table.add_row("processor time of all", f"{computed / RUNS:.3f}")
    Console(width=110).print(table)
    verdict = "within" if (total - training) / RUNS <= AIM else "over"
    print(f"{verdict} the aim of {AIM:g} s a run")
