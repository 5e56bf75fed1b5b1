"""Stores to record in: SQLite in a temporary folder, and a real server on 127.0.0.1."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from stochgrad.suite.tracking import Location, locate
from tests.suite.tracking.projects import make_project


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def bare_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's root as the working directory, with no database yet."""
    root = make_project(tmp_path / "project")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def project(bare_project: Path, empty_database: Path) -> Path:
    """A project's root as the working directory, with a database that is ready for use."""
    shutil.copy(empty_database, bare_project / "mlflow.db")
    return bare_project


@pytest.fixture
def location(project: Path, monkeypatch: pytest.MonkeyPatch) -> Location:
    """Where runs of the project are recorded; for MLflow's own functions, too."""
    found = locate()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", found.tracking_uri)
    return found


@pytest.fixture
def one_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    """One empty figure instead of a run's own, which take a second to draw."""
    empty = {"empty": lambda config, result: Figure((1, 1))}
    monkeypatch.setattr("stochgrad.suite.figures.base.FIGURES", empty)
