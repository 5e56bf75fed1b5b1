"""How numbers are written on a page."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from stochgrad.suite.figures.ticks import scientific

NOTHING = "–"
MINUS = "\u2212"


def number(value: Any, digits: int = 3) -> str:
    """Write a number to so many digits: plainly if it is near one, else with a power of ten.

    >>> number(0.012345), number(123456.0), number(-2.5e-9), number(None)
    ('0.0123', '1.23×10⁵', '−2.50×10⁻⁹', '–')
    """
    if value is None or not math.isfinite(value):
        return NOTHING if value is None or math.isnan(value) else "∞"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        return f"{value:,.{places}f}".replace("-", MINUS)
    return scientific(value, digits)


def percent(value: Any, places: int = 2) -> str:
    """Write a fraction in percent.

    >>> percent(0.96291)
    '96.29 %'
    """
    return NOTHING if value is None else f"{100 * value:.{places}f} %".replace("-", MINUS)


def points(value: Any, places: int = 2) -> str:
    """Write a difference of fractions in percentage points, with its sign.

    >>> points(-0.00123), points(0.0)
    ('−0.12', '0.00')
    """
    if value is None:
        return NOTHING
    text = f"{100 * value:+.{places}f}"
    return f"{0:.{places}f}" if float(text) == 0 else text.replace("-", MINUS)


def whole(value: Any) -> str:
    """Write a whole number with separators.

    >>> whole(74959200.0)
    '74,959,200'
    """
    return NOTHING if value is None else f"{value:,.0f}"


def text(value: Any) -> str:
    """Write anything.

    >>> text(None), text(True)
    ('–', 'yes')
    """
    if value is None:
        return NOTHING
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def epsilon(value: Any) -> str:
    """Write a step size.

    >>> epsilon(1e-5), epsilon(3.594e-6), epsilon(0.177828), epsilon(10.0)
    ('10⁻⁵', '3.6×10⁻⁶', '0.18', '10')
    """
    if value is None:
        return NOTHING
    if 1e-2 <= value < 1e4:
        return f"{value:.2g}" if value < 100 else f"{value:.0f}"
    return scientific(value).replace(".0×", "×").removeprefix("1×")


STYLES: dict[str, Callable[[Any], str]] = {
    "text": text,
    "number": number,
    "precise": lambda value: number(value, 8),
    "percent": percent,
    "points": points,
    "whole": whole,
    "epsilon": epsilon,
    "seconds": lambda value: number(value, 2),
    "share": lambda value: percent(value, 0),
}
