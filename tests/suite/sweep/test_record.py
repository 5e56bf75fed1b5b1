"""The files that compare the runs of a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from stochgrad.suite.figures.sweep import Grid
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.record import write_summary
from tests.suite.planning import plan_many


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        (["epsilon=1e-5"], "xor · sigmoid · quadratic · ε = 1e-05 · N = 10 · float64 · numpy"),
        (
            ["task=derivative", "epsilon=auto"],
            "derivative · central · ε = auto · N = 100 · float64 · numpy",
        ),
        (
            ["task=derivative", "epsilon=auto,1e-3", "estimator=central,quadratic"],
            "derivative · N = 100 · float64 · numpy",
        ),
        (["task=circuit"], "circuit · ε = 0.2 · float64 · numpy"),
        (["task=study"], "study · N = 100"),
        (
            ["gradient=spsa", "num_directions=3"],
            "xor · sigmoid · weight_perturbation · ε = 1e-05 · K = 3 · float64 · numpy",
        ),
        (
            ["gradient=spsa,forward_gradient"],
            "xor · sigmoid · weight_perturbation · ε = 1e-05 · K = 1 · float64 · numpy",
        ),
    ],
)
def test_figures_name_what_all_runs_share(
    arguments: list[str], setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Grid] = []
    monkeypatch.setattr(
        "stochgrad.suite.sweep.record.draw_grid", lambda grid: drawn.append(grid) or {}
    )
    jobs = plan_many(*arguments, "seed=1,2").jobs
    outcomes = [Outcome(job, "FINISHED", "a", "", {"m": 0.5}, ("m",), 1.0) for job in jobs]
    write_summary(outcomes, tmp_path)
    assert [grid.setting for grid in drawn] == [f"{setting} · {len(jobs)} runs"]
