"""Random draws as data: every number comes from a Philox stream with a name.

A stream is keyed by (seed, purpose, *where), so that a draw does not depend on what was drawn
before it, on the backend, or on how many other replicates run beside it: replicate ``r`` of a run
with ``seed=s`` uses exactly the draws of a run with ``seed=s+r``.

Reference: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011).
"""

from __future__ import annotations

import secrets
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Purpose(IntEnum):
    """What a stream is for. The numbers are part of the meaning of a seed: never renumber."""

    PERTURBATION = 1
    WEIGHTS = 2
    SHUFFLE = 3
    NUM_STEPS = 4
    PROBE = 5
    FEEDBACK = 6
    MEASURED_LOSS = 7
    DIRECTION = 10
    SHOTS = 11
    ANGLES = 12
    NOISE = 20


def stream(seed: int, purpose: Purpose, *where: int) -> np.random.Generator:
    """Return the generator of one named stream.

    Args:
        seed: non-negative integer.
        purpose: what the draws are for.
        *where: non-negative integers that tell streams of one purpose apart (epoch, layer…).

    >>> stream(0, Purpose.WEIGHTS, 1).random() == stream(0, Purpose.WEIGHTS, 1).random()
    True
    """
    key = np.random.SeedSequence(seed, spawn_key=(int(purpose), *where))
    return np.random.Generator(np.random.Philox(key))


def uniforms(
    shape: tuple[int, ...], seed: int, replicates: int, purpose: Purpose, *where: int
) -> NDArray[np.float64]:
    """Draw from U[0, 1) for each replicate.

    Returns:
        float64 array of shape ``(*shape, replicates)``; column ``r`` depends on ``seed + r`` only.
    """
    columns = [stream(seed + r, purpose, *where).random(shape) for r in range(replicates)]
    return np.stack(columns, axis=-1)


def fresh_seed() -> int:
    """Take a seed from the operating system (for ``seed=null``); 32 bits, to be readable."""
    return secrets.randbits(32)
