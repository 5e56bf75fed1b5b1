"""Two workers beside one: ``python -m benchmarks workers`` times the same sweep with each.

24 runs of 3 to 5 s, each with one thread. Three rates, since a sweep pays for its start once:

- of the command, from its start to its end: with all imports and the workers' start;
- of the runs, from the start of the first to the end of the last: with the first run of each
  process, which imports TensorFlow for the saved model;
- steady: of what each process did after its first run.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

RUNS = 24
STEPS = 20_000
TIMES = """
    select json_extract(process.value, '$.pid'), start_time / 1000.0, end_time / 1000.0 from runs
    join tags as parent on parent.run_uuid = runs.run_uuid and parent.key = 'mlflow.parentRunId'
    join tags as process on process.run_uuid = runs.run_uuid and process.key = 'stochgrad.process'
    where status = 'FINISHED' order by start_time
"""


@dataclass(frozen=True)
class Timed:
    """What a sweep took.

    Attributes:
        command: seconds of all.
        span: seconds from the start of the first run to the end of the last.
        each: seconds of one run, except for the first of each process.
        steady: runs a second, without the first run of each process.
    """

    command: float
    span: float
    each: float
    steady: float

    def rates(self) -> tuple[float, float, float]:
        """Return runs a minute: of the command, of the runs, steady."""
        return 60 * RUNS / self.command, 60 * RUNS / self.span, 60 * self.steady


def sweep(workers: int, folder: str) -> Timed:
    """Run the sweep, and read its times in the database."""
    database = Path(folder) / "mlflow.db"
    command = [
        sys.executable, "-m", "src.run", "-m", f"seed=range(0,{RUNS})", f"task.steps={STEPS}",
        f"sweep.workers={workers}", "sweep.threads=1", "sweep.rerun=true",
    ]  # fmt: skip
    one_thread = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1"}
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{database}"}
    started = time.perf_counter()
    subprocess.run(
        command, env={**os.environ, **one_thread, **store}, stdout=subprocess.DEVNULL, check=True
    )
    total = time.perf_counter() - started
    with closing(sqlite3.connect(database)) as connection:
        times = connection.execute(TIMES).fetchall()
    assert len(times) == RUNS, times
    by_process = defaultdict(list)
    for process, start, end in times:
        by_process[process].append((start, end))
    later = [runs[1:] for runs in by_process.values() if len(runs) > 1]
    return Timed(
        command=total,
        span=max(end for _, _, end in times) - times[0][1],
        each=sum(end - start for runs in later for start, end in runs) / sum(map(len, later)),
        steady=sum(len(runs) / (runs[-1][1] - runs[0][0]) for runs in later),
    )


def main() -> None:
    """Time both, and print the table."""
    table = Table(title=f"{RUNS} XOR runs of {STEPS:,} steps, NumPy; runs a minute, and ratios")
    for column in ("workers", "command (s)", "one run (s)", "command", "runs", "steady"):
        table.add_column(column, justify="right")
    first: tuple[float, ...] = ()
    for workers in (1, 2):
        with TemporaryDirectory() as folder:
            timed = sweep(workers, folder)
        rates = timed.rates()
        first = first or rates
        table.add_row(
            str(workers), f"{timed.command:.1f}", f"{timed.each:.1f}",
            *(f"{rate:.1f} ({rate / one:.2f})" for rate, one in zip(rates, first, strict=True)),
        )  # fmt: skip
    Console(width=110).print(table)
