"""The yardstick: what it counts, and that each table is printed with its columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import (
    automatic,
    check_gradient,
    contenders,
    coverage,
    gradient_coverage,
    gradients,
    killers,
    optimize,
    plan,
    rivals,
    sensitivity,
    shots,
    speed,
)
from benchmarks.contenders import REFERENCE, Answer, differentiate, installed
from benchmarks.problems import KINDS, Problem, draw_problem
from benchmarks.problems.namespaces import mp

pytestmark = pytest.mark.slow


def answer(value: float, half_width: float, status: int = 0) -> Answer:
    """Return the answer of one point."""
    ends = np.array(value - half_width), np.array(value + half_width)
    return Answer(np.array(value), *ends, np.array(status), np.array(11.0))


def problem(*slopes: float, differentiable: bool = True) -> Problem:
    """Return a problem of which only the slopes matter."""
    return Problem(np.sin, 1.0, slopes, differentiable, np.sin)


@pytest.mark.parametrize(
    ("given", "slopes", "judged"),
    [
        (answer(1.0, 0.1), (1.05,), (True, False, True)),
        (answer(1.0, 0.1), (1.2,), (True, False, False)),
        (answer(1.0, 0.1), (1.4,), (True, True, False)),
        (answer(1.0, 1e-9), (1.005,), (True, False, False)),
        (answer(1.0, 0.1, status=2), (1.4,), (False, False, False)),
        (answer(0.5, 0.01), (0.0, 1.0), (True, True, False)),
        (answer(1.0, 0.01), (0.0, 1.0), (True, False, True)),
        (answer(0.5, 3.0), (0.0, 1.0), (True, False, True)),
        (answer(1e9, 1.0), (float("-inf"), float("inf")), (True, True, False)),
        (answer(float("nan"), 0.1), (1.0,), (False, False, False)),
        (answer(1.0, float("nan")), (2.0,), (True, True, False)),
    ],
)
def test_silent_errors_are_far_off_by_both_measures(
    given: Answer, slopes: tuple[float, ...], judged: tuple[bool, bool, bool]
) -> None:
    row = killers.judge(problem(*slopes), given)
    assert (row["answered"], row["silent"], row["covered"]) == judged


@pytest.mark.parametrize("name", installed())
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_contenders_answer_arrays_and_evaluations_are_counted(name: str, dtype: str) -> None:
    dtypes: set[str] = set()
    values = [0]

    def f(x: Any) -> Any:
        dtypes.add(x.dtype.name)
        values[0] += x.size
        return np.sin(x)

    x = np.array([0.5, 1.0, 1.2], dtype)
    found = differentiate(name, f, x, dtype=dtype, seed=1)
    assert dtypes == {dtype}
    assert found.nfev == pytest.approx(np.full(3, values[0] / 3))
    np.testing.assert_allclose(found.value, np.cos(x.astype(float)), rtol=0.02)
    assert found.low.shape == found.high.shape == found.status.shape == (3,)


def test_a_call_that_raises_is_an_answer_without_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise ValueError("no")

    monkeypatch.setitem(contenders.CONTENDERS, "scipy", refuse)
    assert not differentiate("scipy", np.sin, [1.0]).answered.any()


def test_a_sweep_finds_the_slope_to_rounding() -> None:
    x = np.array([0.7, 1.1])
    found = automatic.sweep(np.sin, x, 96)
    assert found.shape == (automatic.STEPS, 2)
    assert np.abs(found - np.cos(x)).max(axis=1).min() < 1e-13


def test_cells_are_drawn_over_the_whole_range_with_exact_derivatives() -> None:
    rng, noises = np.random.default_rng(0), (0.0, 1e-12, 1e-3)
    cells = [coverage.draw_cell(rng, 5, noises, dtype) for dtype in ("float64", "float32") * 50]
    points = [cell.function.x for cell in cells]
    assert min(points) < 1e-4
    assert max(points) > 1e4
    assert {c.noise for c in cells if c.dtype == "float32"} == {0.0, 1e-3}
    for cell in cells:
        exact = [float(cell.function.slope(mp.mpf(float(x)))) for x in cell.x]
        np.testing.assert_allclose(cell.exact, exact, rtol=1e-12)


TABLES: list[tuple[Any, dict[str, Any], tuple[str, ...]]] = [
    (
        killers,
        {"points": 1, "kinds": "cancellation"},
        ("ans", "sil", "cov", "nfev", "TOTAL", REFERENCE),
    ),
    (killers, {"points": 1, "kinds": "no deriv", "dtype": "float32"}, ("without a derivative",)),
    (killers, {"points": 1, "kinds": "noise", "details": True}, ("slope",)),
    (coverage, {"cells": 3, "replicates": 10}, ("status 0", "pooled", "under 90 %", REFERENCE)),
    (automatic, {"cells": 2, "replicates": 5}, ("within twice", "median error", "90 % below")),
    (rivals, {"cases": 1, "replicates": 5}, ("geometric mean", "worst case", "best other")),
    (
        sensitivity,
        {"points": 1, "cells": 2, "replicates": 5, "constant": "FAR"},
        ("pooled", "silent", "FAR", "change"),
    ),
    (speed, {"rounds": 1, "most": 1}, ("over scipy", "evaluations", "peak MB", REFERENCE)),
]


@pytest.mark.parametrize(("benchmark", "options", "columns"), TABLES)
def test_tables_have_their_columns(
    benchmark: Any,
    options: dict[str, Any],
    columns: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(speed, "AT_LEAST", 0.0)
    monkeypatch.setattr(automatic, "POINTS_PER_FUNCTION", 1)
    benchmark.main(seed=-5, **options)
    printed = capsys.readouterr().out
    for column in columns:
        assert column in printed


WRITTEN: list[tuple[Any, dict[str, Any], str]] = [
    (gradient_coverage, {"cases": 12, "most": 3}, "covered"),
    (check_gradient, {"trials": 7}, "cannot tell"),
    (shots, {"points": 1}, "over parameter shift"),
    (plan, {"cases": 2, "replicates": 5}, "within 20 %"),
    (optimize, {}, "stochgrad nfev"),
    (gradients, {"rounds": 1}, "CPU, ms"),
]


@pytest.mark.parametrize(("benchmark", "options", "column"), WRITTEN)
def test_what_is_printed_of_gradients_is_written(
    benchmark: Any, options: dict[str, Any], column: str,
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(optimize, "PROBLEMS", dict([next(iter(optimize.PROBLEMS.items()))]))
    monkeypatch.setattr(gradients, "SIZES", (3,))
    monkeypatch.setattr(shots, "pennylane_differences", lambda x, *_: x)  # 20 s to import
    file = tmp_path / "found.json"
    monkeypatch.setattr("sys.argv", ["benchmarks", "plan", "--output", str(file), "--seed", "3"])
    benchmark.main(seed=3, output=str(file), **options)
    found = json.loads(file.read_text(encoding="utf-8"))
    printed = capsys.readouterr().out
    assert found["command"] == "python -m benchmarks plan --seed 3"
    assert found["about"].endswith("seed=3")
    assert found["about"] in " ".join(printed.split())
    assert all(column in row for row in found["rows"])


def test_a_seed_repeats_what_is_measured_and_another_does_not() -> None:
    kind = KINDS["white noise"]
    rows = [killers.measure(kind, 2, seed, "float64", "none", [REFERENCE]) for seed in (4, 4, 5)]
    assert rows[0] == rows[1] != rows[2]
    assert draw_problem(kind, 4, 0).x != draw_problem(kind, 4, 1).x
