"""Names of this project's tags in MLflow: all under one prefix, apart from MLflow's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "stochgrad."
MLFLOWS_OWN = "mlflow."
COMMIT, DIRTY = "mlflow.source.git.commit", "mlflow.source.git.dirty"
PARENT = "mlflow.parentRunId"
NOTE = "mlflow.note.content"
"""Description of a run or an experiment, in Markdown."""

TRAINING_VIEW = "workflowType=machine_learning"
"""In an address of MLflow's pages: its view for training runs, whatever the browser showed last."""


def run_page(experiment_id: str, run_id: str) -> str:
    """Return the address of a run's page, relative to the server's."""
    return f"#/experiments/{experiment_id}/runs/{run_id}?{TRAINING_VIEW}"


def charts_page(experiment_id: str) -> str:
    """Return the address of an experiment's charts, relative to the server's."""
    return f"#/experiments/{experiment_id}/runs?{TRAINING_VIEW}&compareRunsMode=CHART"


def prefixed(tags: Mapping[str, str]) -> dict[str, str]:
    """Return tags as MLflow stores them.

    >>> prefixed({"sweep": "s", "mlflow.note.content": "text"})
    {'stochgrad.sweep': 's', 'mlflow.note.content': 'text'}
    """
    return {k if k.startswith(MLFLOWS_OWN) else f"{PREFIX}{k}": v for k, v in tags.items()}


def own_tags(run: Any) -> dict[str, str]:
    """Return this project's tags of an MLflow run, without their prefix."""
    tags = run.data.tags
    return {k.removeprefix(PREFIX): v for k, v in tags.items() if k.startswith(PREFIX)}


def tagged(name: str, value: str) -> str:
    """Return a filter for runs with one of this project's tags.

    >>> tagged("sweep", "s")
    "tags.`stochgrad.sweep` = 's'"
    """
    return f"tags.`{PREFIX}{name}` = '{value}'"
