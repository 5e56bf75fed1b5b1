"""Error bars of an estimate from the values that it was made of: the same model, at one scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import constants as by
from .designs import Floats, Ints, make_design
from .measure import Measured, conclude, unknown
from .model import straighten
from .sampler import UNIFORM, binary_exponent, rms, rounding_unit

DEPENDENT = 1e-9
"""Part of a power that is new to the nodes, below which its coefficient is only our own rounding:
``eps`` over it is the relative error with which it is found."""
MOST_NODES = 2**12
"""Nodes that a fit looks at: a resource."""


def assess(
    nodes: Floats, values: NDArray[Any], slips: Floats, h: Floats, stream: Ints,
    noise: Floats | None = None,
) -> Measured:  # fmt: skip
    """Fit polynomials to values at given nodes, and infer the slope with its error.

    Where there are too few values to have an error, all is NaN and ``misfit`` is true.

    Args:
        nodes: Offsets from x in units of ``h``, in [−1, 1]; shape (streams, n).
        values: Of f, shape (n, points).
        slips: Distances of the realised points from ``x + nodes·h``; shape (n, points).
        h: Half-widths, shape (points,).
        stream: Row of ``nodes`` for each point.
        noise: Standard deviation of each point's values if known.
    """
    keep = slice(0, MOST_NODES)
    nodes, slips = nodes[:, keep], slips[keep]
    eps = rounding_unit(np.dtype(float) if values.dtype.kind in "iubO" else values.dtype)
    y = np.asarray(values[keep], float)
    found = unknown(y.shape[1])
    factor = np.ldexp(1.0, binary_exponent(np.abs(y).max(axis=0, initial=0.0), 0))
    y = y / factor
    for row, own in enumerate(nodes):
        at = np.flatnonzero((stream == row) & np.isfinite(y).all(axis=0))
        # On one side of x the polynomials are those of that side.
        side = 1 if own.min() >= 0 else -1 if own.max() <= 0 else 0
        own = 2 * np.abs(own) - 1 if side else own
        columns = _columns(own)
        if columns < 4 or not len(at):  # no cubic: the error of a slope cannot be told
            continue
        design = make_design(own, columns, side)
        some, given = straighten(design, y[:, at], slips[:, at], h[at]), None
        root = rms(some)
        if noise is not None:
            given = np.broadcast_to((noise[at] / factor[at]) ** 2, some.shape)
        floor = (UNIFORM * eps * root) ** 2
        part = conclude(design, some, h[at], floor, given, 0 * root, 1, spare=3, widest=False)
        part.misfit |= part.shape | (part.noise > by.LOUD * root)
        for name in ("center", "slope_error", "noise"):
            setattr(part, name, getattr(part, name) * factor[at])
        found.put(at, part)
    return found


def _columns(nodes: Floats) -> int:
    """Return how many powers the nodes tell apart, with five degrees of freedom left."""
    most = min(by.DEGREE + 3, len(nodes) - 5)
    if most < 4:
        return 0
    angle = np.arccos(np.clip(nodes, -1, 1))[:, None]
    new = np.abs(np.diag(np.linalg.qr(np.cos(angle * np.arange(most)), mode="r")))
    dependent = np.flatnonzero(new < DEPENDENT * new[0])
    return int(dependent[0]) if len(dependent) else most
