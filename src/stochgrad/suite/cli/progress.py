"""Progress bars on the terminal: of a run, and of a sweep."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.sweep.ranking import best
from stochgrad.suite.tasks.result import Listener
from stochgrad.suite.tasks.result import Progress as Told

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

SHOWN_METRICS = ("train_loss", "val_accuracy")


class ProgressBar:
    """A context in which calls with :class:`stochgrad.suite.tasks.result.Progress` move a bar.

    It is drawn on ``console`` if that is a terminal, and wiped off at the end.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]} {task.fields[metric]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._line = self._bar.add_task(title, total=None, unit="", metric="")

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __call__(self, told: Told) -> None:
        """Move the bar."""
        shown = [f"{n} {told.metrics[n]:.3g}" for n in SHOWN_METRICS if n in told.metrics]
        self._bar.update(
            self._line,
            completed=told.done,
            total=told.total,
            unit=f"{told.unit}s",
            metric=", ".join(shown),
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()


class SearchBar:
    """One bar for the trials of a search, and the best so far; drawn as :class:`SweepBar` is."""

    def __init__(self, console: Console, trials: int, metric: str) -> None:
        self._console, self._metric = console, metric
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("trials {task.fields[last]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._line = self._bar.add_task("", total=trials, last="")

    def __enter__(self) -> SearchBar:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def ended(self, trial: FrozenTrial, reason: str) -> None:
        """Move the bar."""
        value = f"{self._metric} {trial.value:.4g}" if trial.value is not None else reason
        self._bar.update(
            self._line, completed=trial.number + 1, last=f"trial {trial.number}: {value}"
        )

    def said(self, text: str) -> None:
        """Write a line."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)


class SweepBar:
    """One bar for all runs of a sweep: done, failed, left, the time left, the best so far.

    Drawn on ``console`` if that is a terminal, and wiped off at the end. What is said is a line of
    its own everywhere.
    """

    def __init__(self, console: Console, jobs: int) -> None:
        self._console = console
        self._outcomes: list[Outcome] = []
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.fields[counts]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("left", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[best]}{task.fields[running]}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._line = self._bar.add_task("", total=jobs, counts="", best="", running="")
        self._jobs = jobs

    def __enter__(self) -> SweepBar:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def listener(self, job: Job) -> Listener:
        """Return a listener that shows how far a run in this process is."""

        def listen(told: Told) -> None:
            text = f"  {job.title} {told.done}/{told.total} {told.unit}s"
            self._bar.update(self._line, running=text)

        return listen

    def ended(self, outcome: Outcome) -> None:
        """Move the bar."""
        self._outcomes.append(outcome)
        if outcome.counted:  # took no time, from which the time left could be told
            self._jobs -= 1
        ran = [one for one in self._outcomes if not one.counted]
        failed = sum(not one.finished for one in ran)
        done = len(self._outcomes) - failed
        left = self._jobs - len(ran)
        counts = f"{done} done, {failed} failed, {left} left"
        self._bar.update(
            self._line, completed=len(ran), total=self._jobs, counts=counts, best=self._best()
        )

    def comparing(self, told: Told) -> None:
        """Show how far the comparison of the runs is."""
        self._bar.update(self._line, running=f"  comparing the runs {told.done}/{told.total}")

    def said(self, text: str) -> None:
        """Write a line."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)

    def _best(self) -> str:
        found = best(self._outcomes)
        if found is None:
            return ""
        outcome, metric = found
        title = f" ({outcome.job.title})" if outcome.job.swept else ""
        return f"best {metric} {outcome.metrics[metric]:.4g}{title}"
