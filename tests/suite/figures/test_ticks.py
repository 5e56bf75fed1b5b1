from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from stochgrad.suite.figures.ticks import (
    MOST_TICKS,
    log_ticks,
    power_of_ten,
    scientific,
    tick_labels,
)

PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")


def read(label: str) -> float:
    """Turn a label back into its number."""
    if "10" not in label or (label.startswith("10") and label.isdecimal() and label.isascii()):
        return float(label)
    factor, _, power = label.rpartition("10")
    return float(factor.rstrip("×") or 1) * 10.0 ** int(power.translate(PLAIN))


@given(st.floats(-300, 290), st.floats(1, 15))
def test_ticks_are_inside_sorted_few_and_at_least_one(power: float, decades: float) -> None:
    low, high = 10**power, 10 ** (power + decades)
    ticks = log_ticks(low, high)
    assert ticks == sorted(set(ticks))
    assert 1 <= len(ticks) <= MOST_TICKS
    assert ticks[0] >= low * (1 - 1e-8)
    assert ticks[-1] <= high * (1 + 1e-8)


@given(st.floats(-300, 290), st.floats(1, 15))
def test_labels_say_where_the_ticks_are(power: float, decades: float) -> None:
    ticks = log_ticks(10**power, 10 ** (power + decades))
    for tick, label in zip(ticks, tick_labels(ticks), strict=True):
        assert math.isclose(read(label), tick, rel_tol=1e-9), label


def test_numbers_are_written_with_a_true_minus() -> None:
    assert scientific(-3.26e-7) == "−3.3×10⁻⁷"
    assert power_of_ten(-123) == "10⁻¹²³"
