"""How many cores there are to compute on."""

from __future__ import annotations

import os


def cores() -> int:
    """Return how many cores this process may use, where the system tells; else, how many are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
