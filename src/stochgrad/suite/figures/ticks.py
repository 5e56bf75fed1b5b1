"""Round numbers for logarithmic axes, and how numbers are written in figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST_TICKS = 7
ENOUGH_TICKS = 3
DIGITS = ((1,), (1, 3), (1, 2, 5))
"""Leading digits of ticks, from the coarsest; powers of ten are thinned out where they are many."""

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def log_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Return round numbers in ``[low, high]``: powers of ten, or finer where those are few.

    >>> log_ticks(0.03, 2)
    [0.03, 0.1, 0.3, 1.0]
    >>> log_ticks(0.3, 2)
    [0.5, 1.0, 2.0]
    >>> log_ticks(1e-16, 1e-1)
    [1e-16, 1e-13, 1e-10, 1e-07, 0.0001, 0.1]
    """
    slack = 1 + 1e-9
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for digits in DIGITS:
        every = [float(f"{digit}e{power}") for power in powers for digit in digits]
        ticks = [tick for tick in every if low / slack <= tick <= high * slack]
        if len(ticks) >= ENOUGH_TICKS:
            break
    return ticks[:: math.ceil(len(ticks) / most)] if ticks else []


def tick_labels(ticks: Sequence[float]) -> list[str]:
    """Write round numbers: all plainly if all are near one, else all as powers of ten.

    >>> tick_labels([0.05, 1.0])
    ['0.05', '1']
    >>> tick_labels([1e-7, 3e-7, 1.0])
    ['10⁻⁷', '3×10⁻⁷', '10⁰']
    """
    if all(1e-3 < tick < 1e4 for tick in ticks):
        return [f"{tick:g}" for tick in ticks]
    return [scientific(tick, 1).removeprefix("1×") for tick in ticks]


def scientific(value: float, digits: int = 2) -> str:
    """Write a number with a power of ten, rounded to so many digits.

    >>> scientific(-0.01012), scientific(0.0)
    ('−1.0×10⁻²', '0')
    """
    if value == 0:
        return "0"
    factor, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{factor.replace('-', '−')}×{power_of_ten(int(exponent))}"


def power_of_ten(exponent: int) -> str:
    """Write a power of ten.

    >>> power_of_ten(-12)
    '10⁻¹²'
    """
    # Not Matplotlib's mathematical text: parsing that takes longer than drawing a figure.
    return "10" + str(exponent).translate(SUPERSCRIPTS)
