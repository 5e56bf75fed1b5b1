"""The table that compares the runs of a sweep."""

from collections.abc import Mapping

import pytest
from rich.console import Console

from stochgrad.suite.cli.report import output
from stochgrad.suite.sweep.outcome import Outcome
from stochgrad.suite.sweep.plan import Plan
from stochgrad.suite.sweep.summary import headline, render, rows
from tests.suite.planning import plan_many


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_many("epsilon=1e-3,1e-4")


@pytest.fixture
def outcomes(plan: Plan) -> list[Outcome]:
    metrics: Mapping[str, float] = {"loss": 0.123456789, "loss_std": 0.01, "hidden": 1.0}
    first, second = plan.jobs
    return [
        Outcome(first, "FINISHED", "a1", "", metrics, ("loss", "absent"), 1.25),
        Outcome(second, "FAILED", reason="train_loss is nan at step 3"),
    ]


def test_headline_metrics_that_some_run_has(outcomes: list[Outcome]) -> None:
    assert headline(outcomes) == ["loss"]
    assert headline([]) == []


def test_rows_have_the_same_columns_and_full_precision(outcomes: list[Outcome]) -> None:
    first, second = rows(outcomes)
    assert list(first) == list(second) == [
        "job", "epsilon", "loss", "loss_std", "status", "seconds", "reason", "run_id",
    ]  # fmt: skip
    assert (first["loss"], first["loss_std"]) == (0.123456789, 0.01)
    assert (second["loss"], second["status"]) == (None, "FAILED")
    assert rows([]) == []


def test_the_terminal_shows_every_job(outcomes: list[Outcome]) -> None:
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(render(outcomes))
    head, first, second = captured.get().splitlines()
    assert head.split() == ["job", "epsilon", "loss", "seconds", "status"]
    assert first.split() == ["1", "0.001", "0.1235", "±", "0.01", "1.2", "FINISHED"]
    assert second.split() == ["2", "0.0001", "–", "–", "FAILED"]


def test_lists_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    plan = plan_many("task=derivative", "task.functions=[sin],[exp]")
    output().print(render([Outcome(job, "FINISHED") for job in plan.jobs]))
    _, first, second = capsys.readouterr().out.splitlines()
    assert (first.split()[1], second.split()[1]) == ("[sin]", "[exp]")


def test_what_went_wrong(outcomes: list[Outcome]) -> None:
    assert outcomes[1].complaint() == ("job 2 (epsilon=0.0001) FAILED: train_loss is nan at step 3")
