"""All runs behind a page, and where everything came from."""

from __future__ import annotations

from typing import Any

from stochgrad.suite.report.content import Section
from stochgrad.suite.report.results import MissingResultError, Results, stage_name
from stochgrad.suite.tasks.result import Row

UI = "http://127.0.0.1:5000"
"""Where `make ui` shows the runs of this machine."""
SETTINGS = (
    "estimator", "gradient", "activation", "epsilon", "num_steps", "dtype", "replicates",
)  # fmt: skip
"""Of a run, in the table of all runs."""


def stages_of(dataset: str) -> tuple[str, ...]:
    """Return the stages behind the page of a data set."""
    return (
        f"data/{dataset}", "derivatives", "epsilon_study", "xor_study", "gradients",
        *(f"classifiers/{dataset}-{g}" for g in ("exact", "estimated", "notebook")),
        f"export_check/{dataset}", f"cost/{dataset}",
    )  # fmt: skip


def build(results: Results, dataset: str, section: Section) -> None:
    """Add the table of runs, the check of exports, and a row of provenance for each stage."""
    rows: list[Row] = []
    stages: list[Row] = []
    first: dict[str, Any] | None = None
    for stage in stages_of(dataset):
        try:
            record = results.record(stage)
        except MissingResultError as error:
            section.missing.append(str(error))
            continue
        first = first or record
        stages.append(_provenance(stage, record))
        rows += [_run(stage, record, run) for run in record["runs"]]
    if first is not None:
        section.facts |= {
            "machine": first["machine"],
            "packages": {k: v for k, v in first["packages"].items() if v is not None},
        }
    section.facts |= {"stages": stages, "count": len(rows)}
    section.tabulate("{dataset}_runs", rows)
    checked = results.table(f"export_check/{dataset}", "export_check")
    section.tabulate("{dataset}_export_check", checked)


def _provenance(stage: str, record: dict[str, Any]) -> Row:
    code = record["code"]
    commands = dict.fromkeys(run["command"] for run in record["runs"])
    hashes = dict.fromkeys(run["data_sha256"] for run in record["runs"])
    return {
        "stage": stage_name(stage),
        "command": f"dvc repro {stage_name(stage)}",
        "runs": list(commands),
        "commit": code["commit"] or f"unknown: {code['problem']}",
        "dirty": code["dirty"],
        "seconds": record["seconds"],
        "data_sha256": [one for one in hashes if one is not None],
    }


def _run(stage: str, record: dict[str, Any], run: dict[str, Any]) -> Row:
    metrics = run["metrics"]
    error = metrics.get("mean_abs_error", metrics.get("abs_error"))
    server = record["tracking_uri"]
    base = server.rstrip("/") if server.startswith(("http://", "https://")) else UI
    return {
        "stage": stage_name(stage),
        **{key: run.get(key) for key in SETTINGS},
        "accuracy": metrics.get("test_accuracy") if run["task"] != "xor" else None,
        "error": error,
        "seconds": run["seconds"],
        "run": run["run_id"][:8],
        "run_url": f"{base}/#/experiments/{run['experiment_id']}/runs/{run['run_id']}",
    }
