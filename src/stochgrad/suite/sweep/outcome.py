"""How one job of a sweep ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from stochgrad.suite.sweep.plan import Job

Status = Literal["FINISHED", "FAILED", "KILLED"]


@dataclass(frozen=True)
class Outcome:
    """A job that has ended.

    Attributes:
        job: what was asked for.
        status: as in MLflow.
        run_id: in MLflow; empty where an exception broke the run off.
        reason: why it is not ``FINISHED``, in one line.
        metrics: final scalars by name.
        headline: names of the metrics that a summary shows.
        seconds: of numerical work.
        counted: whether its run was there already, and is counted in.
    """

    job: Job
    status: Status
    run_id: str = ""
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    headline: tuple[str, ...] = ()
    seconds: float | None = None
    counted: bool = False

    @property
    def finished(self) -> bool:
        """Whether it did what was asked for."""
        return self.status == "FINISHED"

    def complaint(self) -> str:
        """Return which job this is, and why it did not finish, in one line."""
        name = f"job {self.job.number}" + (f" ({self.job.title})" if self.job.swept else "")
        return f"{name} {self.status}: {self.reason}"


def one_line(text: str) -> str:
    r"""Join lines.

    >>> one_line("a\n  b")
    'a b'
    """
    return " ".join(text.split())
