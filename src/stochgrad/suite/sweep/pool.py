"""What a sweep needs of whoever carries out its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from stochgrad.suite.sweep.job import Assignment
from stochgrad.suite.sweep.outcome import Outcome


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
