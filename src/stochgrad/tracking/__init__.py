"""Runs to MLflow: where they are recorded, by what code and machine, and with what outcome."""

from stochgrad.tracking.interrupts import Interrupts, Terminated, interruptible
from stochgrad.tracking.provenance import Provenance, collect
from stochgrad.tracking.run import TrackedRun, track
from stochgrad.tracking.store import Location, locate, open_experiment
from stochgrad.tracking.sweeps import Sweep, finish_sweep, start_sweep

__all__ = [
    "Interrupts", "Location", "Provenance", "Sweep", "Terminated", "TrackedRun", "collect",
    "finish_sweep", "interruptible", "locate", "open_experiment", "start_sweep", "track",
]  # fmt: skip
