"""Measure whatever has changed, and write the guide and the report: ``python -m pipelines``.

These are the stages of ``dvc.yaml`` that need no download. Those that do not wait for each other go
side by side. What they measured is committed, so that ``dvc repro`` finds it done.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from dvc.repo import Repo
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.stage import FAILED, no_arguments
from stochgrad.suite.cli import explained
from stochgrad.suite.cores import cores
from stochgrad.suite.paths import project_root

TARGETS = ("report@digits", "guide")
LOOK = 0.2
"""Seconds between two looks at the stages that run."""
SECONDS = {
    "data@digits": 4, "derivatives": 14, "epsilon_study": 14, "xor_study": 40, "gradients": 80,
    "classifiers@digits-exact": 14, "classifiers@digits-estimated": 60,
    "classifiers@digits-notebook": 18, "export_check@digits": 10, "cost@digits": 20,
    "report@digits": 20, "guide": 15,
}  # fmt: skip
"""What each stage takes on one core of a usual machine: the time left is told from their ratios."""
USUAL = 10


@dataclass
class Running:
    """A stage at work.

    Attributes:
        name: of the stage.
        process: that carries it out.
        output: what it writes, shown if it fails.
        started: when.
    """

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Return for how long it has been at work."""
        return time.monotonic() - self.started


def main() -> int:
    """Run what has changed; return the exit code."""
    logging.getLogger("dvc").setLevel(logging.WARNING)
    root, console = project_root(), Console(highlight=False)
    lanes = min(2, cores())
    with Repo(str(root)) as repo, _bar(console) as bar:
        stages = _stages(repo)
        line = bar.add_task("", total=len(stages), names="", left="")
        done: dict[str, float] = {}
        running: list[Running] = []
        ran = 0
        while len(done) < len(stages):
            for name in [n for n in stages if n not in done | {r.name: 0.0 for r in running}]:
                if len(running) == lanes or not _upstream(repo, stages[name]) <= done.keys():
                    continue
                with repo.lock:
                    changed = stages[name].changed()
                if changed:
                    running.append(_start(name, stages[name], lanes))
                else:
                    done[name] = 0.0
            for one in [r for r in running if r.process.poll() is not None]:
                running.remove(one)
                if one.process.returncode:
                    return _failed(one, running)
                one.output.close()
                repo.commit(target=one.name, force=True)
                done[one.name], ran = one.seconds, ran + 1
                console.print(f"  {len(done):>2}/{len(stages)}  {one.name:<30}{one.seconds:4.0f} s")
            names = ", ".join(r.name for r in running)
            left = f"about {left_over(stages, done, running, lanes):.0f} s left"
            bar.update(line, completed=len(done), names=names, left=left)
            time.sleep(LOOK if running else 0)
    if not ran:
        print("  nothing was run: every result is up to date")
    return 0


def left_over(
    stages: Mapping[str, Any], done: Mapping[str, float], running: list[Running], lanes: int
) -> float:
    """Return the seconds that are left, if what is left is as fast as what has been done."""
    took = {name: seconds for name, seconds in done.items() if seconds}
    pace = sum(took.values()) / sum(_usual(name) for name in took) if took else 1.0
    ahead = {name: pace * _usual(name) for name in stages if name not in done}
    for one in running:
        ahead[one.name] = max(0.0, ahead[one.name] - one.seconds)
    return sum(ahead.values()) / lanes


def _usual(name: str) -> float:
    return SECONDS.get(name, USUAL)


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(20),
        TextColumn("{task.completed}/{task.total} stages"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}  {task.fields[names]}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _stages(repo: Repo) -> dict[str, Any]:
    """Return the stages by name, each after those that it waits for."""
    found: dict[str, Any] = {}

    def visit(stage: Any) -> None:
        for upstream in repo.index.graph.successors(stage):
            visit(upstream)
        found.setdefault(stage.addressing, stage)

    for target in TARGETS:
        for stage in repo.stage.collect(target):
            visit(stage)
    return found


def _upstream(repo: Repo, stage: Any) -> set[str]:
    return {one.addressing for one in repo.index.graph.successors(stage)}


def _start(name: str, stage: Any, lanes: int) -> Running:
    """Start what a stage does, with its share of the cores."""
    here = Path(sys.executable).parent
    threads = str(max(1, cores() // lanes))
    share = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), threads)
    path = f"{here}{os.pathsep}{os.environ.get('PATH', '')}"
    output = TemporaryFile()  # noqa: SIM115  (open as long as the stage is at work)
    process = subprocess.Popen(
        stage.cmd, shell=True, cwd=stage.wdir, env={**share, **os.environ, "PATH": path},
        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return Running(name, process, output)


def _failed(one: Running, others: list[Running]) -> int:
    """Say what a stage said before it failed, once the others have ended."""
    for other in others:
        other.process.wait()
        other.output.close()
    with one.output as output:
        output.seek(0)
        sys.stderr.write(output.read().decode(errors="replace"))
    print(f"error: stage {one.name} failed; what it measured before is kept", file=sys.stderr)
    return FAILED


if __name__ == "__main__":
    no_arguments()
    os.chdir(project_root())
    sys.exit(explained(main))
