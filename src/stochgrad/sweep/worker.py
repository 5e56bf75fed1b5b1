"""What is particular to a process that works for a sweep; imported by workers when they start."""

from __future__ import annotations

import signal
import socket
from dataclasses import dataclass

from stochgrad.tracking.provenance import code_hash


@dataclass(frozen=True)
class Worker:
    """What a worker says of itself.

    Attributes:
        host: its machine.
        code_hash: of the package that it imports.
    """

    host: str
    code_hash: str


def introduce() -> Worker:
    """Return what this worker is."""
    return Worker(socket.gethostname(), code_hash())


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the one that was called."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
