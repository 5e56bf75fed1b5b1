"""What a run is, in Markdown: the description that MLflow's UI shows above its details."""

from __future__ import annotations

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.tasks.result import Result, Row
from stochgrad.suite.tracking.files import markdown


def describe_run(config: RunConfig, result: Result, detail: str) -> str:
    """Describe a run that has ended: its settings and headline figures.

    Args:
        config: of the run.
        result: what it returned.
        detail: what was verified, or went wrong.
    """
    finals = result.finals()
    rows: list[Row] = []
    for name in result.headline:
        if name in finals:
            row: Row = {"metric": name, "value": finals[name]}
            if f"{name}_std" in finals:
                row["std over replicates"] = finals[f"{name}_std"]
            rows.append(row)
    about = (
        f"**{config.task.name}**, {config.method}, ε = {config.step_text}, N = {config.num_steps}"
    )
    about += f", {config.backend.name}, {config.dtype}, seed {config.seed}"
    if config.replicates > 1:
        about += f", {config.replicates} replicates"
    return "\n\n".join([f"{about}.", *([markdown(rows)] if rows else []), f"{detail}."])
