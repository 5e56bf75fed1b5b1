"""Progress bars on the terminal: of a run, and of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

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

from stochgrad.suite.sweep.outcome import Outcome, best
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.tasks.result import Listener
from stochgrad.suite.tasks.result import Progress as Told

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

SHOWN_METRICS = ("train_loss", "val_accuracy")


class _Bar:
    """A context with one bar on ``console`` if that is a terminal, wiped off at the end."""

    def __init__(self, console: Console, title: str, total: int | None, *columns: Any) -> None:
        self._console = console
        self._bar = Progress(
            SpinnerColumn(), *columns, console=console, transient=True,
            disable=not console.is_terminal,
        )  # fmt: skip
        fields = dict.fromkeys(("unit", "metric", "last", "counts", "best", "running"), "")
        self._line = self._bar.add_task(title, total=total, **fields)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def said(self, text: str) -> None:
        """Write a line, on a terminal or not."""
        self._console.print(text, highlight=False, soft_wrap=True, markup=False)


def _text(shown: str) -> TextColumn:
    return TextColumn(shown, markup=False)


class ProgressBar(_Bar):
    """A bar that calls with :class:`stochgrad.suite.tasks.result.Progress` move."""

    def __init__(self, console: Console, title: str) -> None:
        super().__init__(
            console, title, None, _text("{task.description}"), BarColumn(), MofNCompleteColumn(),
            _text("{task.fields[unit]} {task.fields[metric]}"), TimeElapsedColumn(),
            TimeRemainingColumn(),
        )  # fmt: skip

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


class SearchBar(_Bar):
    """One bar for the trials of a search, and the best so far."""

    def __init__(self, console: Console, trials: int, metric: str) -> None:
        self._metric = metric
        super().__init__(
            console, "", trials, BarColumn(), MofNCompleteColumn(),
            _text("trials {task.fields[last]}"), TimeElapsedColumn(),
        )  # fmt: skip

    def ended(self, trial: FrozenTrial, reason: str) -> None:
        """Move the bar."""
        value = f"{self._metric} {trial.value:.4g}" if trial.value is not None else reason
        self._bar.update(
            self._line, completed=trial.number + 1, last=f"trial {trial.number}: {value}"
        )


class SweepBar(_Bar):
    """One bar for all runs of a sweep: done, failed, left, the time left, the best so far."""

    def __init__(self, console: Console, jobs: int) -> None:
        self._outcomes: list[Outcome] = []
        self._jobs = jobs
        super().__init__(
            console, "", jobs, BarColumn(), _text("{task.fields[counts]}"), TimeElapsedColumn(),
            _text("left"), TimeRemainingColumn(),
            _text("{task.fields[best]}{task.fields[running]}"),
        )  # fmt: skip

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

    def _best(self) -> str:
        found = best(self._outcomes)
        if found is None:
            return ""
        outcome, metric = found
        title = f" ({outcome.job.title})" if outcome.job.swept else ""
        return f"best {metric} {outcome.metrics[metric]:.4g}{title}"
