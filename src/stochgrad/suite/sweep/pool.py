"""Who carries out the jobs of a sweep: this process, others on this machine, or Dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from stochgrad.suite.sweep.job import Assignment, JobResult, carry_out
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.sweep.processes import open_processes
from stochgrad.suite.sweep.settings import SweepSettings
from stochgrad.suite.tasks.result import Listener
from stochgrad.suite.tracking.run import Run

Watch = Callable[[Job], Listener]
"""Returns a listener for a job that takes place in this process."""


class Pool(Protocol):
    """Carries out jobs."""

    @property
    def free_slots(self) -> int:
        """How many more jobs can be started now."""

    @property
    def running(self) -> list[Assignment]:
        """The jobs that have been started and not handed back."""

    def submit(self, assignment: Assignment) -> None:
        """Start a job."""

    def wait(self) -> JobResult | None:
        """Return a job that has ended; None if none did for a while."""

    def stop(self) -> list[JobResult]:
        """Make an end of the running jobs at once; return those that ended by themselves."""


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
