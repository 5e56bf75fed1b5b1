"""What a process that works for a sweep says of itself."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from stochgrad.suite.tracking.provenance import code_hash


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
