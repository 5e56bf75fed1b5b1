"""What is recorded while a run goes on: its curves, and checkpoints to resume it from."""

from __future__ import annotations

import time
from collections.abc import Mapping

from stochgrad.suite.tasks.result import Curve, Listener, Progress
from stochgrad.suite.tracking.checkpoints import Checkpoints
from stochgrad.suite.tracking.record import Record

LOG_EVERY = 2.0
"""Seconds between two portions of the curves: a short run logs them once, at its end."""


class Live:
    """A listener that records, and passes on what it is told."""

    def __init__(self, record: Record, checkpoints: Checkpoints, listener: Listener | None) -> None:
        self._record = record
        self._checkpoints = checkpoints
        self._listener = listener
        self._logged: dict[str, int] = {}
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

    def log_curves(
        self, curves: Mapping[str, Curve], tags: Mapping[str, str] | None = None
    ) -> None:
        """Log the points that have not been logged yet; and set tags."""
        new = {}
        for name, curve in curves.items():
            done = self._logged.get(name, 0)
            new[name] = Curve(curve.at[done:], curve.values[done:], curve.unit)
            self._logged[name] = len(curve.at)
        self._record.log_curves(new, tags)
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
