"""Two workers beside one: ``python -m benchmarks workers`` times the same sweep with each.

Runs of about 5 s. The throughput is that of the runs, from the start of the first to the end of the
last; the time of the whole command, with the start of the workers, is printed beside it.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

RUNS = 8
STEPS = 20_000
SPAN = """
    select (max(end_time) - min(start_time)) / 1000.0, avg(end_time - start_time) / 1000.0 from runs
    where status = 'FINISHED'
    and run_uuid in (select run_uuid from tags where key = 'mlflow.parentRunId')
"""


def sweep(workers: int, folder: str) -> tuple[float, float, float]:
    """Return the seconds of the command, of all runs, and of one run."""
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
        span, each = connection.execute(SPAN).fetchone()
    return total, span, each


def main(repeats: int) -> None:
    """Time both, and print the table."""
    table = Table(title=f"{RUNS} XOR runs of {STEPS:,} steps, NumPy")
    for column in ("workers", "command (s)", "runs (s)", "one run (s)", "runs a minute", "ratio"):
        table.add_column(column, justify="right")
    first = 0.0
    for workers in (1, 2):
        with TemporaryDirectory() as folder:
            total, span, each = sweep(workers, folder)
        rate = 60 * RUNS / span
        first = first or rate
        table.add_row(
            str(workers), f"{total:.1f}", f"{span:.1f}", f"{each:.1f}", f"{rate:.1f}",
            f"{rate / first:.2f}",
        )  # fmt: skip
    Console(width=110).print(table)
