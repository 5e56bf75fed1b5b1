"""Groups of runs that differ in seed only, and differences between them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from stochgrad.suite.sweep.groups import difference_rows, group, group_rows
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.record import write_summary
from tests.suite.planning import plan_many

SEEDS = 5


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Two epsilons times five seeds: a large effect of the seed, and 0.5 of epsilon."""
    plan = plan_many("epsilon=1e-3,1e-4", f"seed=range(0,{SEEDS})")
    found = []
    for job in plan.jobs:
        assert job.config.seed is not None
        loss = 10.0 * job.config.seed + (0.5 if job.config.epsilon == 1e-4 else 0.0)
        noise = 0.01 * (job.config.seed % 2)
        metrics = {"loss": loss + noise, "other": 1.0}
        found.append(Outcome(job, "FINISHED", "id", "", metrics, ("loss",), 1.0))
    return found


def test_runs_that_differ_in_seed_only_are_one_group(outcomes: list[Outcome]) -> None:
    first, second = group(outcomes)
    assert (first.axes, second.axes) == ({"epsilon": 1e-3}, {"epsilon": 1e-4})
    assert list(first.by_seed) == list(range(SEEDS))
    assert first.values("loss", [0, 1]) == [0.0, 10.01]


def test_a_run_that_failed_is_in_no_group(outcomes: list[Outcome]) -> None:
    failed = [Outcome(o.job, "FAILED", reason="nan") for o in outcomes[:SEEDS]]
    (only,) = group([*failed, *outcomes[SEEDS:]])
    assert only.axes == {"epsilon": 1e-4}


def test_means_and_intervals(outcomes: list[Outcome]) -> None:
    row, _ = group_rows(group(outcomes), ["loss", "other", "absent"])
    values = np.array([o.metrics["loss"] for o in outcomes[:SEEDS]])
    assert row["runs"] == SEEDS
    assert row["loss"] == pytest.approx(values.mean())
    assert values.min() < row["loss_low"] < values.mean() < row["loss_high"] < values.max()
    assert (row["other_low"], row["other_high"]) == (1.0, 1.0)
    assert row["absent"] is None


def test_one_run_has_no_interval(outcomes: list[Outcome]) -> None:
    (row,) = group_rows(group(outcomes[:1]), ["loss"])
    assert (row["loss"], row["loss_low"], row["loss_high"]) == (0.0, None, None)


def test_a_paired_difference_knows_more_than_the_means(outcomes: list[Outcome]) -> None:
    groups = group(outcomes)
    (row,) = difference_rows(groups, ["loss"])
    assert (row["key"], row["from"], row["to"], row["seeds"]) == (
        "epsilon", "0.001", "0.0001", SEEDS,
    )  # fmt: skip
    assert row["difference"] == pytest.approx(0.5, abs=1e-9)
    assert row["low"] == pytest.approx(0.5, abs=1e-9)
    first, second = group_rows(groups, ["loss"])
    assert first["loss_high"] > second["loss_low"]  # the means alone would not tell


def test_groups_that_share_no_two_seeds_are_not_paired(outcomes: list[Outcome]) -> None:
    apart = [*outcomes[:2], *outcomes[SEEDS + 1 : SEEDS + 4]]
    assert difference_rows(group(apart), ["loss"]) == []


def test_only_one_changed_setting_is_compared() -> None:
    plan = plan_many("epsilon=1e-3,1e-4", "num_steps=1,2", "seed=0,1")
    outcomes = [Outcome(j, "FINISHED", "", "", {"loss": 1.0}, ("loss",)) for j in plan.jobs]
    rows = difference_rows(group(outcomes), ["loss"])
    assert [(row["key"], row["from"], row["to"]) for row in rows] == [
        ("num_steps", "1", "2"), ("epsilon", "0.001", "0.0001"),
        ("epsilon", "0.001", "0.0001"), ("num_steps", "1", "2"),
    ]  # fmt: skip


def test_the_files_of_a_sweep(outcomes: list[Outcome], tmp_path: Path) -> None:
    failed = Outcome(outcomes[0].job, "FAILED", reason="train_loss is nan")
    write_summary([failed, *outcomes[1:]], tmp_path)
    table = parquet.read_table(tmp_path / "summary.parquet")
    with (tmp_path / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert table.num_rows == len(rows) == 2 * SEEDS
    assert table.column_names == list(rows[0])
    assert table["epsilon"].to_pylist()[0] == 1e-3
    assert table["other"].to_pylist()[:2] == [None, 1.0]
    assert (tmp_path / "groups.csv").exists()
    assert (tmp_path / "differences.csv").exists()
    assert [f.name for f in (tmp_path / "figures").iterdir()] == ["loss_by_epsilon.png"]


def test_the_files_of_a_sweep_of_which_nothing_finished(
    outcomes: list[Outcome], tmp_path: Path
) -> None:
    write_summary([Outcome(outcomes[0].job, "KILLED", reason="Ctrl-C")], tmp_path)
    assert {f.name for f in tmp_path.iterdir()} == {
        "summary.csv", "summary.md", "summary.parquet",
    }  # fmt: skip


def test_the_bootstraps_interval_covers(outcomes: list[Outcome]) -> None:
    """Of 400 intervals from 20 lognormal values, about 93 % should hold the mean.

    An interval of the median, or of one standard error, covers less than 80 %. With 400 trials the
    share has a standard error of 1.3 %: the odds of a false alarm at 86 % are below 1e-6.
    """
    from stochgrad.suite.analysis.intervals import bootstrap_interval

    values = np.random.default_rng(1).lognormal(0, 0.5, (400, 20))
    found = bootstrap_interval(values)
    truth = np.exp(0.125)
    covered = np.mean((found.low <= truth) & (truth <= found.high))
    assert 0.86 < covered < 0.99


def test_comparisons_grow_in_proportion_to_the_groups() -> None:
    """Each with the first of its axis and with the one before; all pairs would be 4,950."""
    plan = plan_many(f"epsilon={','.join(f'{k}e-5' for k in range(1, 101))}", "seed=0,1")
    outcomes = [Outcome(j, "FINISHED", "", "", {"loss": 1.0}, ("loss",)) for j in plan.jobs]
    rows = difference_rows(group(outcomes), ["loss"])
    assert len(rows) == 99 + 98
    assert {row["from"] for row in rows[:99]} == {"1e-05"}
