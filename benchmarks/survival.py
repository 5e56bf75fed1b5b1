"""A sweep that is killed again and again ends with every run finished once.

``python -m benchmarks survival`` starts 24 XOR runs on two workers, kills the command with SIGKILL
at a random moment, and types the same command again, ten times over; then lets it end, and types
it once more. It prints what became of every start, and fails unless all 24 runs are FINISHED, none
of them twice, and none is RUNNING.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

RUNS = 24
KILLS = 10
SEED = 5
AT_ONCE = 0.2
"""Share of the kills that fall somewhere in the start-up, the others while runs are running."""
AFTER = 12.0
"""Seconds within which it is killed: workers import TensorFlow at their first run's end, for some
eight of them, and runs take one each from then on."""
SWEEP = [
    sys.executable, "-m", "src.run", "-m", f"seed=range(0,{RUNS})", "task.steps=4000",
    "sweep.workers=2",
]  # fmt: skip
LONGEST = 600.0
CHILDREN = """
    select r.status, t.value from runs r
    join tags t on t.run_uuid = r.run_uuid and t.key = 'stochgrad.config_hash'
    join tags p on p.run_uuid = r.run_uuid and p.key = 'mlflow.parentRunId'
"""


def children(database: Path) -> list[tuple[str, str]]:
    """Return status and config_hash of every child, read past MLflow."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=60)) as connection:
        try:
            return list(connection.execute(CHILDREN))
        except sqlite3.OperationalError:  # its tables are not made yet
            return []


def start(database: Path) -> subprocess.Popen[str]:
    """Type the command."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{database}"}
    return subprocess.Popen(SWEEP, env=environment, stdout=subprocess.PIPE, text=True)


def kill_once(database: Path, rng: random.Random) -> str:
    """Start the sweep and kill it at a random moment; say when."""
    before = len(children(database))
    process = start(database)
    begun = time.monotonic()
    if rng.random() >= AT_ONCE:
        while len(children(database)) == before and process.poll() is None:
            if time.monotonic() - begun > LONGEST:
                raise TimeoutError("no run was started")
            time.sleep(0.05)
    time.sleep(rng.uniform(0, AFTER))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    seconds = time.monotonic() - begun
    counts = Counter(status for status, _ in children(database))
    return f"after {seconds:5.1f} s (ended with {process.returncode}): {dict(counts)}"


def main() -> None:
    """Kill ten times; then count."""
    rng = random.Random(SEED)
    with TemporaryDirectory() as folder:
        database = Path(folder) / "mlflow.db"
        for number in range(1, KILLS + 1):
            print(f"kill {number:2} {kill_once(database, rng)}", flush=True)
        for what in ("left alone", "once more"):
            process = start(database)
            printed, _ = process.communicate(timeout=LONGEST)
            said = [line.strip() for line in printed.splitlines() if " run" in line][:2]
            print(f"{what}: exit code {process.returncode}, {said}", flush=True)
        found = children(database)
    counts = Counter(status for status, _ in found)
    finished = [name for status, name in found if status == "FINISHED"]
    print(f"children: {dict(counts)}; different ones among the FINISHED: {len(set(finished))}")
    if len(finished) != RUNS or len(set(finished)) != RUNS or counts["RUNNING"]:
        sys.exit("the sweep did not survive")
