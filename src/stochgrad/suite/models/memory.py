"""How much memory directions may take."""

from __future__ import annotations

import os

SHARE = 0.25
"""Of the machine's memory that the draws of one step may take: they are there as drawn, as arrays
of the backend, and once more while a step works on them."""
BLOCK_BYTES = 2**26
"""Draws of several steps are made together up to so much."""


def machine_memory() -> int:
    """Return the memory of this machine, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def steps_at_once(bytes_per_step: int, steps: int) -> int:
    """Return in blocks of how many steps draws are best made: equal blocks but for the last.

    >>> steps_at_once(2**20, 600)
    60
    """
    most = max(1, BLOCK_BYTES // max(1, bytes_per_step))
    blocks = -(-steps // most)
    return -(-steps // blocks)
