"""A progress bar on the terminal, fed by what a run tells its listener."""

from __future__ import annotations

from types import TracebackType

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

from stochgrad.tasks.result import Progress as Told

SHOWN_METRIC = "train_loss"


class ProgressBar:
    """A context in which calls with :class:`stochgrad.tasks.result.Progress` move a bar.

    It is drawn on ``console`` if that is a terminal, and wiped off at the end.
    """

    def __init__(self, console: Console, title: str) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]} {task.fields[metric]}"),
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
        value = told.metrics.get(SHOWN_METRIC)
        self._bar.update(
            self._line,
            completed=told.done,
            total=told.total,
            unit=f"{told.unit}s",
            metric="" if value is None else f"{SHOWN_METRIC} {value:.3g}",
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
