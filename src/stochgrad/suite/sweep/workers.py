"""Where the jobs of a sweep are carried out: in this process, in others, or by Dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stochgrad.suite.sweep.job import Assignment, carry_out
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.sweep.pool import JobResult, Pool
from stochgrad.suite.sweep.processes import open_processes
from stochgrad.suite.sweep.settings import SweepSettings
from stochgrad.suite.tasks.result import Listener
from stochgrad.suite.tracking.run import Run

Watch = Callable[[Job], Listener]
"""Returns a listener for a job that takes place in this process."""


class InProcess:
    """One job at a time, in this process."""

    def __init__(self, run: Run, watch: Watch) -> None:
        self._run, self._watch = run, watch
        self.running: list[Assignment] = []

    @property
    def free_slots(self) -> int:
        return 1 - len(self.running)

    def submit(self, assignment: Assignment) -> None:
        self.running.append(assignment)

    def wait(self) -> JobResult | None:
        assignment = self.running[0]
        outcome = carry_out(assignment, self._run, self._watch(assignment.job))
        self.running.clear()
        return JobResult(assignment, outcome)

    def stop(self) -> list[JobResult]:
        return []  # what interrupted the sweep has interrupted the job


@contextmanager
def open_pool(settings: SweepSettings, jobs: int, run: Run, watch: Watch) -> Iterator[Pool]:
    """Open the pool that the settings ask for.

    Args:
        settings: of the sweep.
        jobs: how many there are; no more workers are started.
        run: carries out a run; workers import it by its name.
        watch: of the jobs that take place in this process.

    Raises:
        ConfigError: if there are no workers, or they cannot do the work.
    """
    workers = min(settings.workers, jobs)
    if settings.scheduler is not None:
        from stochgrad.suite.sweep.cluster import open_cluster  # Dask takes a second to import

        with open_cluster(settings.scheduler, workers, settings.slurm, run) as cluster:
            yield cluster
    elif workers == 1:
        yield InProcess(run, watch)
    else:
        with open_processes(workers, settings.threads_each, run) as processes:
            yield processes
