"""What is recorded while a run goes on: its curves, and checkpoints to resume it from."""

from __future__ import annotations

import time
from collections.abc import Mapping

from stochgrad.suite.tasks.result import Curve, Listener, Progress
from stochgrad.suite.tracking.away import patience_of, trouble_of
from stochgrad.suite.tracking.checkpoints import Checkpoints
from stochgrad.suite.tracking.record import Record

LOG_EVERY = 2.0
"""Seconds between two portions of the curves: a short run logs them once, at its end."""


def points_after(curves: Mapping[str, Curve], logged: Mapping[str, int]) -> dict[str, Curve]:
    """Return the points of curves that have not been logged."""
    done = {name: logged.get(name, 0) for name in curves}
    return {n: Curve(c.at[done[n] :], c.values[done[n] :], c.unit) for n, c in curves.items()}


class Live:
    """A listener that records, and passes on what it is told."""

    def __init__(self, record: Record, checkpoints: Checkpoints, listener: Listener | None) -> None:
        self._record = record
        self._checkpoints = checkpoints
        self._listener = listener
        self.logged: dict[str, int] = {}
        self._last = time.monotonic()
        self._complaint = ""

    def __call__(self, told: Progress) -> None:
        """Record how far a run is."""
        if time.monotonic() - self._last >= LOG_EVERY:
            self.log_curves(told.curves)
        if told.state is not None:
            self._save(told)
        if self._listener is not None:
            self._listener(told)

    def log_curves(self, curves: Mapping[str, Curve]) -> None:
        """Log the points that have not been logged yet; later, if the store is away just now."""
        asked = time.strftime("%H:%M")
        try:
            self._record.at_once().log_curves(points_after(curves, self.logged))
            self.logged |= {name: len(curve.at) for name, curve in curves.items()}
        except Exception as error:
            trouble = trouble_of(error)
            if trouble is None:
                raise
            patience_of(self._record.client).note(asked, trouble)
        self._last = time.monotonic()

    def _save(self, told: Progress) -> None:
        """Write a checkpoint; a run does not end because there is no room for one."""
        try:
            self._checkpoints.offer(told.done, told.state)
        except OSError as error:
            complaint = f"no checkpoint could be written: {error}"
            if complaint != self._complaint:
                self._record.log_tags({"checkpoint_problem": complaint})
            self._complaint = complaint
