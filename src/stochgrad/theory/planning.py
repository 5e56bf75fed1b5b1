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

A larger step has less noise and more bias. A step has a bias of a tenth of the mean square error,
so that a bias which is known by a factor of two only does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BIAS_SHARE = 0.1
"""Of the mean square error that is allowed: what a step's bias may be."""
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
    """Return a row for each estimator, cheapest first.

    Args:
        known: what is known of f.
        snr: the ratio that is asked for.
    """
    d, allowed = known.dimension, known.gradient2 / snr**2
    s2, h, one = known.noise**2, known.steps, np.ones(known.dimension)
    rows = [
        _repeated(
            "forward", known, allowed, lambda r: (d + 1) * r, h, d,
            lambda k: float((2 * s2 / (k * h) ** 2).sum()),
            lambda k: float(((k * h * known.second / 2) ** 2).sum()),
        ),
        _repeated(
            "central", known, allowed, lambda r: 2 * d * r, h, d,
            lambda k: float((s2 / (2 * (k * h) ** 2)).sum()),
            lambda k: float((((k * h) ** 2 * known.third / 6) ** 2).sum()),
        ),
    ]  # fmt: skip
    c, g2 = known.common, known.gradient2

    def noise(k: float) -> float:
        return d * s2 / (2 * (k * c) ** 2)

    def bias(k: float) -> float:
        return float(((k * c) ** 2 * known.along / 6) ** 2)

    def wide(k: float) -> float:
        return 5 * bias(k)

    for name, excess, own in (("spsa", d - 1, bias), ("gaussian_smoothing", d + 1, wide)):
        factor = _largest(own, allowed)
        n = max(1, int(np.ceil((excess * g2 + noise(factor)) / (allowed - own(factor)))))
        factor = _balanced(lambda k: noise(k) / n, own)  # noqa: B023  (it is called at once)
        parts = {"directions": excess * g2 / n, "noise": noise(factor) / n, "bias": own(factor)}
        rows.append(_row(name, known, 2 * n, n, 1, factor * c * one, parts))
    factor = _largest(bias, allowed)
    left = allowed - bias(factor)
    n = int(np.clip(np.ceil((d * g2 + noise(factor)) / (left + g2)), 1, d))
    rest = left - (d / n - 1) * g2
    if rest <= 0:
        n, rest = d, left
    r = max(1, int(np.ceil(noise(factor) / n / rest)))
    factor = _balanced(lambda k: noise(k) / n / r, bias)
    parts = {"directions": (d / n - 1) * g2, "noise": noise(factor) / n / r, "bias": bias(factor)}
    rows.append(_row("orthonormal", known, 2 * n * r, n, r, factor * c * one, parts))
    return sorted(rows, key=lambda row: row.evaluations)


def _largest(bias: Callable[[float], float], allowed: float) -> float:
    """Return the largest factor of the steps whose bias is small; the smallest if none is."""
    good = [k for k in WIDER if bias(k) <= BIAS_SHARE * allowed]
    return float(good[-1]) if good else float(WIDER[0])


def _balanced(noise: Callable[[float], float], bias: Callable[[float], float]) -> float:
    """Return the factor of the least noise with a bias of ``BIAS_SHARE``.

    Of ``N/h² + w·B h⁴`` the minimum has ``B h⁴ = N/(2w h²)``.
    """
    return float(min(WIDER, key=lambda k: noise(k) + bias(k) / (2 * BIAS_SHARE)))


def _repeated(
    name: str, known: Known, allowed: float, cost: Callable[[int], int], step: Floats,
    directions: int, noise: Callable[[float], float], bias: Callable[[float], float],
) -> Row:  # fmt: skip
    factor = _largest(bias, allowed)
    r = max(1, int(np.ceil(noise(factor) / max(allowed - bias(factor), 1e-300))))
    factor = _balanced(lambda k: noise(k) / r, bias)
    parts = {"directions": 0.0, "noise": noise(factor) / r, "bias": bias(factor)}
    return _row(name, known, cost(r), directions, r, factor * step, parts)


def _row(
    name: str, known: Known, evaluations: int, directions: int, repeats: int, step: Floats,
    parts: dict[str, float],
) -> Row:  # fmt: skip
    total = max(sum(parts.values()), 1e-300)
    rounded = parts["noise"] * (known.rounding / max(known.noise, 1e-300)) ** 2
    shares = {**parts, "noise": parts["noise"] - rounded, "rounding": rounded}
    return Row(name, evaluations, directions, repeats, step,
               float(np.sqrt(known.gradient2 / total)),
               {key: value / total for key, value in shares.items()})  # fmt: skip
