"""What a sweep needs of whoever carries out its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from stochgrad.suite.sweep.job import Assignment
from stochgrad.suite.sweep.outcome import Outcome

LOOK = 0.5
"""Seconds between two looks at what else has happened."""
GRACE = 3.0
"""Seconds in which running jobs may end by themselves when they have to."""
THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)  # fmt: skip
"""Variables from which numerical libraries take their number of threads, when they are imported."""


@dataclass(frozen=True)
class JobResult:
    """A job that is in nobody's hands any more.

    Attributes:
        assignment: which one.
        outcome: how it ended; None if it did not, since another process is at the same run, or
        lost: since its worker died, and how.
    """

    assignment: Assignment
    outcome: Outcome | None = None
    lost: str = ""


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
