"""The end of a run's record: its results, figures and model, now or from what was kept of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.tasks.result import Result
from stochgrad.suite.tracking.checkpoints import Checkpoint
from stochgrad.suite.tracking.describe import describe_dataset, describe_run
from stochgrad.suite.tracking.files import write_outcome
from stochgrad.suite.tracking.interrupts import Interrupts
from stochgrad.suite.tracking.kept import Kept, left
from stochgrad.suite.tracking.live import points_after
from stochgrad.suite.tracking.model import announce_model, register_model, store_model
from stochgrad.suite.tracking.record import FAILED, FINISHED, Record, as_text, shorten
from stochgrad.suite.tracking.store import Location, open_experiment


@dataclass(frozen=True)
class TrackedRun:
    """A run that was carried out and recorded.

    Attributes:
        run_id: in MLflow.
        experiment_id: of the task.
        status: ``"FINISHED"``, or ``"FAILED"`` where ``result.failure`` says why.
        config: as run, with its seed.
        result: what the run returned.
        artifact_uri: where its files are.
        tracking_uri: of the store.
        model_uri: ``models:/…`` of the SavedModel, which was loaded back; None if there is none.
        registered: ``models:/NAME/VERSION`` in the registry, or None.
        resumed: what it went on from, or None.
    """

    run_id: str
    experiment_id: str
    status: str
    config: RunConfig
    result: Result
    artifact_uri: str
    tracking_uri: str
    model_uri: str | None
    registered: str | None = None
    resumed: Checkpoint | None = None


def conclude(record: Record, ended: Kept, location: Location, interrupts: Interrupts) -> TrackedRun:
    """Complete the record of a run that has returned, and end it.

    Args:
        record: of the run.
        ended: what it returned, and what is on record.
        location: of the store.
        interrupts: held back at the end.
    """
    config, result, uri = ended.config, ended.result, location.tracking_uri
    record.log_curves(points_after(result.curves, ended.logged), _tags(result))
    model_id, detail = _record_outcome(record, config, result, uri, ended.figures)
    registered = None
    if config.register_as is not None and model_id is not None:
        registered = register_model(record, model_id, config.register_as)
    interrupts.hold()
    status = FINISHED if result.failure is None else FAILED
    record.end(status, detail, result.failure, describe_run(config, result, detail))
    model_uri = None if model_id is None else f"models:/{model_id}"
    return TrackedRun(
        record.run_id, record.experiment_id, status, config, result, record.artifact_uri, uri,
        model_uri, registered,
    )  # fmt: skip


def enter_kept(location: Location) -> list[tuple[str, str]]:
    """Complete the records of runs that had ended while the store was away.

    Returns:
        Id of each run, and what became of it, in one line.
    """
    entered = []
    for file, kept in left(location):
        if kept is None:
            said = f"its results in {file} are of other sources of this package, and cannot be read"
            entered.append((file.stem, said))
            continue
        client, _ = open_experiment(location, kept.config.task.name)
        record = Record(client, kept.experiment_id, kept.run_id, kept.artifact_uri)
        ended = conclude(record, kept, location, Interrupts())
        file.unlink()
        entered.append((kept.run_id, f"{ended.status}, entered from its results on disk"))
    return entered


def _tags(result: Result) -> dict[str, str]:
    """Return what only the end of a run tells."""
    ended = {
        "device": result.device,
        "seconds": round(result.seconds, 3),
        "headline": list(result.headline),
    }
    tags = {"result": json.dumps(ended)}
    if result.dataset is not None:
        tags["data_sha256"] = result.dataset.sha256()
    return tags


def _record_outcome(
    record: Record, config: RunConfig, result: Result, tracking_uri: str, figures: bool
) -> tuple[str | None, str]:
    """Record what a run returned; return the id of its model, and what was verified."""
    with record.files() as folder:
        write_outcome(result, folder)
    try:
        return _record_model(record, config, result, tracking_uri)
    finally:
        if figures:
            record_figures(record, config, result)


def record_figures(record: Record, config: RunConfig, result: Result) -> list[str]:
    """Draw every figure that applies to a run, as ``figures/*.png``; return their names."""
    from stochgrad.suite.figures import draw, save  # Matplotlib: not for the workers of sweeps

    drawn = draw(config, result)
    with record.files() as folder:
        save(drawn, folder / "figures")
    return list(drawn)


def _record_model(
    record: Record, config: RunConfig, result: Result, tracking_uri: str
) -> tuple[str | None, str]:
    """Record final metrics, and the model that has them; return its id, and what was verified."""
    step = max((int(c.at[-1]) for c in result.curves.values() if len(c.at)), default=0)
    network, dataset, outputs = result.network, result.dataset, result.outputs
    data = None if dataset is None else describe_dataset(dataset, dataset.sha256())
    if data is not None:
        record.log_dataset(data)
    if network is None or not config.export or result.failure is not None:
        record.log_metrics(result.metrics, step, dataset=data)
        missing = "no network to save" if network is None else "export=false: no model saved"
        return None, result.failure or missing
    if dataset is None or outputs is None:
        raise TypeError("a result with a network needs its data set and its test outputs")
    params = {key: shorten(as_text(value)) for key, value in config.flat().items()}
    model_id = announce_model(record, params, step)
    record.log_metrics(result.metrics, step, model_id, data)
    compared = store_model(record, model_id, network, dataset, outputs, tracking_uri)
    return model_id, f"saved model loaded back: {compared} predictions agree with the network's"
