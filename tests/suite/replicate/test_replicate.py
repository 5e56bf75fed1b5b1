"""Papers as data, verdicts by one rule, and computed cells."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from stochgrad.errors import ConfigError
from stochgrad.suite import tasks  # noqa: F401  (their settings have to be known)
from stochgrad.suite.replicate.cells import Found, not_run, of_computation, plan_cells
from stochgrad.suite.replicate.computed import COMPUTATIONS
from stochgrad.suite.replicate.page import write_ledger
from stochgrad.suite.replicate.paper import Cell, Paper, chosen, load_paper, papers
from stochgrad.suite.replicate.verdict import RULE, judge
from stochgrad.suite.tasks.result import Curve

CONF = Path(__file__).resolve().parents[3] / "conf"


@pytest.mark.parametrize(
    ("values", "better", "verdict"),
    [
        ([2.6, 2.7, 2.65], "lower", "agrees"),
        ([2.0, 2.1, 2.05], "lower", "better"),
        ([2.0, 2.1, 2.05], "higher", "worse"),
        ([3.3, 3.4, 3.35], "lower", "worse"),
        ([3.3, 3.4, 3.35], "higher", "better"),
        ([3.3, 3.4, 3.35], "equal", "differs"),
        ([1.0, 2.66, 5.0], "lower", "cannot tell"),
        ([2.6, 2.7], "lower", "cannot tell"),
        ([2.66], "lower", "cannot tell"),
        ([2.6, math.nan, 2.65], "lower", "cannot tell"),
    ],
)
def test_a_verdict_follows_from_the_interval(values, better, verdict):
    said = judge(values, 2.66, 0.266, better)
    assert said.verdict == verdict
    assert (said.reason != "") == (verdict == "cannot tell")
    assert said.verdict in RULE.lower()


def test_shorter_runs_and_unpublished_values_are_never_told():
    assert judge([2.0, 2.1, 2.05], 2.66, 0.3, "lower", "20 epochs").reason == "20 epochs"
    assert judge([2.0, 2.1, 2.05], None, 0.3, "lower").verdict == "cannot tell"


@pytest.mark.parametrize("name", papers(CONF))
def test_every_cell_of_every_paper_is_valid(name):
    paper = load_paper(CONF, name)
    plan = plan_cells(paper.cells, paper, (), CONF)
    trained = [c for c in paper.cells.values() if c.compute is None]
    assert (0 if plan is None else len(plan.jobs)) == len(trained)
    if plan is not None:
        assert len({job.config.config_hash() for job in plan.jobs}) >= len(trained) - 1
    for cell in paper.cells.values():
        assert cell.compute is None or cell.compute in COMPUTATIONS


def test_cells_are_chosen_by_name_and_by_its_beginning():
    paper = load_paper(CONF, "ren2022")
    assert list(chosen(paper, ["S/1/1/FA"])) == ["S/1/1/FA"]
    assert len(chosen(paper, ["S/1/1"])) == 5
    assert chosen(paper, []) == paper.cells
    with pytest.raises(ConfigError, match="cell=S/1/2: unknown cell"):
        chosen(paper, ["S/1/2"])
    with pytest.raises(ConfigError, match=r"paper=ren: unknown paper.*ren2022"):
        load_paper(CONF, "ren")


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("linear_layer_variance", {"perturbed": "weights", "draws": 5000}),
        ("linear_layer_variance", {"perturbed": "weights of each example", "draws": 5000}),
        ("linear_layer_variance", {"perturbed": "activities", "draws": 5000}),
        ("linear_learning_curve", {"perturbed": "none", "networks": 2000, "steps": 5}),
        ("linear_learning_curve", {"perturbed": "nodes", "networks": 2000, "steps": 5}),
        ("linear_learning_curve", {"perturbed": "weights", "networks": 2000, "steps": 5}),
        ("projection_cosine2", {"dimension": 50, "directions": 4, "draws": 2000}),
    ],
)  # fmt: skip
def test_what_is_computed_is_what_theory_says(name, options):
    """Within 4 standard errors over 10 repeats, for Student's t odds of 3e-3 each; seeds fixed."""
    values = COMPUTATIONS[name](10, **options)
    error = values.std(ddof=1) / math.sqrt(10)
    assert abs(values.mean() - 1) <= 4 * error
    assert error < 0.05


def test_a_ledger_is_a_page_and_tables(tmp_path):
    from pyarrow import parquet

    options = {"dimension": 20, "directions": 4, "draws": 100}
    cell = Cell(published=1.0, compute="projection_cosine2", options=options)
    paper = Paper(title="T", reference="<R>", cells={"a/b": cell}, better="equal")
    found = [of_computation("a/b", cell, paper, "0123456789abcdef")]
    page = write_ledger(tmp_path / "t", paper, found, "python -m src.replicate t")
    html = page.read_text()
    assert "&lt;R&gt;" in html
    assert "0123456789" in html
    assert found[0].row["verdict"] in html
    table = parquet.read_table(tmp_path / "t" / "ledger.parquet")
    assert table.column("ours").to_pylist() == [found[0].row["ours"]]
    assert table.column("cell").to_pylist() == ["a/b"]
    again = write_ledger(tmp_path / "u", paper, found, "python -m src.replicate t").parent
    numbers = (tmp_path / "t" / "numbers.csv").read_bytes()
    assert (again / "numbers.csv").read_bytes() == numbers
    assert "| a/b |" in (tmp_path / "t" / "ledger.md").read_text(encoding="utf-8")
    assert np.isfinite(found[0].row["low"])


def test_a_page_has_cells_without_a_run_and_the_commands_that_run_them(tmp_path):
    cell = Cell(published=2.0, settings=("gradient=spsa",))
    paper = Paper(title="T", reference="R", settings=("task=xor",), cells={"a": cell})
    found = [not_run("a", cell, paper, "python -m src.replicate t 'a b'")]
    html = write_ledger(tmp_path, paper, found, "python -m src.replicate t").read_text()
    assert "no run yet" in html
    assert "python -m src.replicate t &#39;a b&#39;" in html
    assert "No run of an accuracy yet" in html
    assert "nan" not in html.lower()
    assert not (tmp_path / "error_against_cost.svg").exists()
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"cells": 1, "no_run_yet": 1}


def test_errors_are_drawn_and_listed_against_what_they_cost(tmp_path):
    cell = Cell(settings=("gradient=spsa",))
    paper = Paper(title="T", reference="R", cells={"a": cell})
    row = not_run("a", cell, paper, "").row | {"passes": 20.0, "seconds": 5.0}
    curve = Curve(np.array([5, 10]), np.array([[0.5, 0.7], [0.8, 0.9]]), "epoch")
    page = write_ledger(tmp_path, paper, [Found(row, curve, "validation")], "command")
    assert (tmp_path / "error_against_cost.svg").stat().st_size > 1000
    assert 'src="error_against_cost.svg"' in page.read_text()
    with (tmp_path / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(float(r["passes"]), float(r["seconds"])) for r in rows] == [(10, 2.5), (20, 5)]
    assert [round(float(r["error"]), 6) for r in rows] == [40, 15]
    write_ledger(tmp_path, paper, [not_run("a", cell, paper, "")], "command")
    assert not (tmp_path / "error_against_cost.svg").exists()
