r"""How many evaluations a gradient takes for a signal-to-noise ratio, by which estimator.

The ratio is ``‖g‖/√E‖ĝ − g‖²``. The mean square error of an estimate has three parts. With noise of
variance σ² in values (rounding included), steps h along d variables, n random directions, r repeats
of every evaluation:

===========  ================  ====================  ====================  ====================
estimator    evaluations       directions            noise                 squared bias
===========  ================  ====================  ====================  ====================
forward      ``(d + 1)r``      0                     ``2Σσ²/hᵢ²/r``        ``Σ(hᵢHᵢᵢ/2)²``
central      ``2dr``           0                     ``Σσ²/(2hᵢ²)/r``      ``Σ(hᵢ²Tᵢᵢᵢ/6)²``
spsa         ``2n``            ``(d − 1)‖g‖²/n``     ``dσ²/(2h²)/n``       ``‖b‖² ≤ B``
gaussian     ``2n``            ``(d + 1)‖g‖²/n``     ``dσ²/(2h²)/n``       ``≤ 5B``
orthonormal  ``2nr``, n ≤ d    ``(d/n − 1)‖g‖²``     ``dσ²/(2h²)/n/r``     ``≤ B``
===========  ================  ====================  ====================  ====================

h is by how far a variable moves: for a unit vector that is its step over √d. B is the mean square
of ``h²/6·T[v, v, v]`` over directions of ±1, which is the squared length of the bias,
``b = h²/6·E[T[v, v, v] v]``, and more. Of Gaussian directions the sixth moment is 15, and B up to
five times as large.

A larger step has less noise and more bias. Steps are powers of two times a known one. That of the
least noise with a bias of a share w of the error minimises ``N/h² + B h⁴/(2w)``; w is a tenth, so
that a bias which is known by a factor of two only does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BIAS_SHARE = 0.1
"""w, of the mean square error that is allowed."""
WIDER = 2.0 ** np.arange(-20, 21)
"""Factors of steps that are compared: powers of two, which are exact."""


@dataclass(frozen=True)
class Row:
    """One way to make a gradient of the ratio that is asked for.

    Attributes:
        estimator: its name; ``"orthonormal"`` is ``method="directions"``.
        evaluations: in all.
        directions: n; the number of variables for those along coordinates.
        repeats: r: evaluations at each point, of which the mean is taken, or as many times more
            shots or draws in each.
        step: along each variable, shape ``(d,)``.
        snr: the ratio that is expected.
        shares: of the mean square error: ``noise``, ``rounding``, ``directions``, ``bias``.
    """

    estimator: str
    evaluations: int
    directions: int
    repeats: int
    step: Floats
    snr: float
    shares: dict[str, float]

    @property
    def dominant(self) -> str:
        """What most of the error is made of."""
        return max(self.shares, key=lambda key: self.shares[key])


@dataclass(frozen=True)
class Known:
    """What is known of f at x.

    Attributes:
        gradient2: ``‖g‖²``.
        noise: σ, rounding included.
        rounding: the part of it that is rounding.
        steps: a step for each variable, of which factors are compared, shape ``(d,)``.
        second: ``Hᵢᵢ``.
        third: ``Tᵢᵢᵢ``.
        common: a step for all variables.
        along: root mean square, over random directions of ±1, of ``T[v, v, v]``.
        dimension: d.
    """

    gradient2: float
    noise: float
    rounding: float
    steps: Floats
    second: Floats
    third: Floats
    common: float
    along: float
    dimension: int


def plan_rows(known: Known, snr: float) -> list[Row]:
    """Return a row for each estimator that can have the ratio ``snr``, cheapest first."""
    d, s2, h = known.dimension, known.noise**2, known.steps
    c = known.common * np.ones(d)
    noise, bias = d * s2 / (2 * known.common**2), (known.common**2 * known.along / 6) ** 2
    ways: list[tuple[str, Floats, float, float, int]] = [
        ("forward", h, (2 * s2 / h**2).sum(), ((h * known.second / 2) ** 2).sum(), 2),
        ("central", h, (s2 / (2 * h**2)).sum(), ((h**2 * known.third / 6) ** 2).sum(), 4),
        ("spsa", c, noise, bias, 4),
        ("gaussian_smoothing", c, noise, 5 * bias, 4),
        ("orthonormal", c, noise, bias, 4),
    ]
    allowed = known.gradient2 / snr**2
    rows = [_row(known, allowed, *way) for way in ways]
    return sorted((row for row in rows if row is not None), key=lambda row: row.evaluations)


def _row(
    known: Known, allowed: float, name: str, step: Floats, noise: float, bias: float, power: int
) -> Row | None:
    """Return the cheapest way of an estimator, with its noise and squared bias at a known step.

    None if its bias alone is more than the error that is allowed, at every step.
    """
    d, g2 = known.dimension, known.gradient2
    noises, biases = noise / WIDER**2, bias * WIDER**power
    good = np.flatnonzero(biases <= BIAS_SHARE * allowed)
    k = good[-1] if len(good) else 0
    left = allowed - float(biases[k])
    if left <= 0:
        return None
    r, draws, spread = 1, 1, 0.0
    if name in ("spsa", "gaussian_smoothing"):
        excess = (d - 1 if name == "spsa" else d + 1) * g2
        draws = max(1, int(np.ceil((excess + noises[k]) / left)))
        spread = excess / draws
    elif name == "orthonormal":
        draws = int(np.clip(np.ceil((d * g2 + noises[k]) / (left + g2)), 1, d))
        if left - (d / draws - 1) * g2 <= 0:
            draws = d
        spread = (d / draws - 1) * g2
        r = max(1, int(np.ceil(noises[k] / draws / (left - spread))))
    else:
        r = max(1, int(np.ceil(noises[k] / left)))
    points, n = {"forward": (d + 1, d), "central": (2 * d, d)}.get(name, (2 * draws, draws))
    k = np.argmin(noises / draws / r + biases / (2 * BIAS_SHARE))
    parts = {"directions": spread, "noise": float(noises[k] / draws / r), "bias": float(biases[k])}
    total = max(sum(parts.values()), 1e-300)
    rounded = parts["noise"] * (known.rounding / max(known.noise, 1e-300)) ** 2
    shares = {**parts, "noise": parts["noise"] - rounded, "rounding": rounded}
    return Row(
        name, points * r, n, r, WIDER[k] * step, float(np.sqrt(g2 / total)),
        {key: value / total for key, value in shares.items()},
    )  # fmt: skip
