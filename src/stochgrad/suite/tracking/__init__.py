"""Runs to MLflow: where they are recorded, by what code and machine, and with what outcome."""

from stochgrad.suite.tracking.away import StoreAwayError
from stochgrad.suite.tracking.claims import claim, turn
from stochgrad.suite.tracking.copies import copy_in, share_datasets
from stochgrad.suite.tracking.interrupts import (
    Interrupts,
    Stopped,
    Terminated,
    exit_code,
    interruptible,
    not_held,
    patient,
)
from stochgrad.suite.tracking.provenance import Provenance, collect
from stochgrad.suite.tracking.reading import StoredRun, load_model, read_run, redraw
from stochgrad.suite.tracking.reconcile import Closed, reconcile
from stochgrad.suite.tracking.record import as_text, milliseconds
from stochgrad.suite.tracking.run import TrackedRun, track
from stochgrad.suite.tracking.store import Location, locate, open_experiment
from stochgrad.suite.tracking.sweeps import (
    Sweep,
    find_sweep,
    reopen_sweep,
    start_sweep,
)

__all__ = [
    "Closed", "Interrupts", "Location", "Provenance", "Stopped", "StoreAwayError", "StoredRun",
    "Sweep", "Terminated", "TrackedRun", "as_text", "claim", "collect", "copy_in", "exit_code",
    "find_sweep", "interruptible", "load_model", "locate", "milliseconds",
    "not_held", "open_experiment", "patient", "read_run", "reconcile", "redraw", "reopen_sweep",
    "share_datasets", "start_sweep", "track", "turn",
]  # fmt: skip
