"""The files that compare the runs of a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

import stochgrad.tasks
from stochgrad.figures.sweep import Grid
from stochgrad.sweep.outcome import Outcome
from stochgrad.sweep.plan import plan_sweep
from stochgrad.sweep.record import write_summary

CONF = Path(__file__).resolve().parents[2] / "conf"
assert stochgrad.tasks.TASKS


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        (["epsilon=1e-5"], "xor · sigmoid · quadratic · ε = 1e-05 · N = 10 · float64 · numpy"),
        (
            ["task=derivative", "epsilon=auto"],
            "derivative · sigmoid · central · ε = auto · N = 100 · float64 · numpy",
        ),
        (
            ["task=derivative", "epsilon=auto,1e-3", "estimator=central,quadratic"],
            "derivative · sigmoid · N = 100 · float64 · numpy",
        ),
        (["task=circuit"], "circuit · sigmoid · ε = 0.2 · N = 10 · float64 · numpy"),
        (["task=study"], "study · sigmoid · ε = 1e-05 · N = 100 · float64 · numpy"),
    ],
)
def test_figures_name_what_all_runs_share(
    arguments: list[str], setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Grid] = []
    monkeypatch.setattr("stochgrad.sweep.record.draw_grid", lambda grid: drawn.append(grid) or {})
    jobs = plan_sweep([*arguments, "seed=1,2"], CONF).jobs
    outcomes = [Outcome(job, "FINISHED", "a", "", {"m": 0.5}, ("m",), 1.0) for job in jobs]
    write_summary(outcomes, tmp_path)
    assert [grid.setting for grid in drawn] == [f"{setting} · {len(jobs)} runs"]
