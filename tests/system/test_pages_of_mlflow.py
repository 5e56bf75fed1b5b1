"""MLflow's pages in a browser, before anybody clicks."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from playwright.sync_api import expect

from stochgrad.suite.cli import main
from stochgrad.suite.tracking.tags import TRAINING_VIEW, run_page
from tests.services import ROOT, mlflow_server, reserved_port
from tests.system.browser import browser

CONF = ROOT / "conf"


@pytest.fixture
def server(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A tracking server of MLflow's on a store of its own."""
    store = f"sqlite:///{shutil.copy(empty_database, tmp_path / 'mlflow.db')}"
    with reserved_port() as port, mlflow_server(port, store, tmp_path):
        address = f"http://127.0.0.1:{port}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield address


def test_what_a_sweep_shows_before_anybody_clicks(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["export=false", "task.steps=200"]
    assert main(CONF, [*common, "epsilon=1e-5"]) == 0
    assert main(CONF, ["-m", *common, "epsilon=1e-5,1e-6"]) == 0
    address = re.findall(r"look +(\S+)", capsys.readouterr().out)[-1]
    client = MlflowClient(server)
    (experiment,) = [e for e in client.search_experiments() if e.name == "xor"]
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert len(runs) == 4  # names are unique
    parent = runs["epsilon=1e-05,1e-06"]
    with browser() as context:
        page = context.new_page()
        page.set_viewport_size({"width": 1600, "height": 1000})
        page.goto(address)
        page.locator("path.js-line").first.wait_for(state="attached")
        page.get_by_text("one for each combination of settings").wait_for()
        page.get_by_role("link", name="epsilon=1e-05,1e-06").wait_for()
        assert page.get_by_text("Training runs", exact=True).count() == 0  # an entry of GenAI's
        # But for the section of system metrics, which are recorded on request.
        expect(page.get_by_text("No charts in this section").nth(1)).to_be_attached(attached=False)
        page.goto(f"{server}/#/experiments/{experiment.experiment_id}/runs?{TRAINING_VIEW}")
        page.get_by_role("link", name="epsilon=1e-05,1e-06").wait_for()
        page.get_by_text("Dataset", exact=True).first.wait_for()  # the column
        expect(page.get_by_text(re.compile(r"xor \([0-9a-f]+\)"))).to_have_count(2)
        for name in ("epsilon=1e-05,1e-06", "epsilon=1e-05"):
            run = runs[name]
            page.goto(f"{server}/{run_page(experiment.experiment_id, run.info.run_id)}")
            page.get_by_role("heading", name=name, exact=True).wait_for()
            page.get_by_text("Description", exact=True).wait_for()
            page.get_by_text("Datasets", exact=True).first.wait_for()
            page.get_by_text(re.compile(r"xor \([0-9a-f]+\)")).first.wait_for()
        page.get_by_role("link", name=re.compile("^quadratic-sigmoid-")).wait_for()
        page.goto(f"{server}/{run_page(experiment.experiment_id, parent.info.run_id)}")
        for child in ("epsilon=1e-05", "epsilon=1e-06"):
            page.get_by_role("link", name=child).first.wait_for()
