"""Float32 at points drawn over many decades, with noise and without: how often intervals hold."""

import pytest

from benchmarks.contenders import REFERENCE
from benchmarks.coverage import NOISES, draw_cell, measure
from benchmarks.problems.drawing import generator


def calibration(cells: int, replicates: int) -> tuple[float, float]:
    """Return the share of float32 cells with status 0, and the coverage there."""
    rng, good, covered, answered = generator(8), 0, 0, 0
    for number in range(cells):
        cell = draw_cell(rng, replicates, NOISES, "float32")
        row = measure(cell, REFERENCE, rng, "none", number)
        good, answered = good + row["good"], answered + row["answered"]
        covered += row["covered"]
    return good / cells, covered / answered


def test_float32_is_calibrated() -> None:
    """Row 8: a sample of 100 cells at 10 points; coverage has a standard error of 1 %."""
    good, coverage = calibration(100, 10)
    assert good >= 0.9
    assert 0.92 <= coverage <= 0.98


@pytest.mark.slow
def test_float32_is_calibrated_on_all_cells() -> None:
    """Row 8: 1,600 cells; coverage has a standard error of 0.3 %."""
    good, coverage = calibration(1600, 5)
    assert good >= 0.9
    assert 0.93 <= coverage <= 0.97
