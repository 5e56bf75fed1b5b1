"""One run, from its settings to its record: the function through which every run goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from stochgrad.random import fresh_seed
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.figures import Drawing
from stochgrad.suite.paths import project_root
from stochgrad.suite.tasks.result import Listener, Result
from stochgrad.suite.tracking.checkpoints import AUTO, Checkpoint, Checkpoints, find
from stochgrad.suite.tracking.files import write_beginning, write_outcome
from stochgrad.suite.tracking.interrupts import interruptible
from stochgrad.suite.tracking.live import Live
from stochgrad.suite.tracking.model import announce_model, register_model, store_model
from stochgrad.suite.tracking.process import beating
from stochgrad.suite.tracking.provenance import collect
from stochgrad.suite.tracking.record import FAILED, FINISHED, Record, as_text, shorten
from stochgrad.suite.tracking.store import Location, locate, open_experiment

RESUME = f"resume={AUTO}"

Run = Callable[..., Result]
"""``(config, listener) -> Result``; to go on from a checkpoint, ``(config, listener, state)``."""


@dataclass(frozen=True)
class Resumed:
    """A run that was broken off, and that another one went on from.

    Attributes:
        run_id: of the run that was broken off.
        done: units of progress that were done.
        damaged: names of checkpoints that could not be read, so that an earlier one served.
    """

    run_id: str
    done: int
    damaged: tuple[str, ...]


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
        resumed: the run that this one went on from, or None.
        registered: ``models:/NAME/VERSION`` in the registry, or None.
    """

    run_id: str
    experiment_id: str
    status: str
    config: RunConfig
    result: Result
    artifact_uri: str
    tracking_uri: str
    model_uri: str | None
    resumed: Resumed | None = None
    registered: str | None = None


def track(
    config: RunConfig,
    run: Run,
    *,
    listener: Listener | None = None,
    parent: str | None = None,
    tags: Mapping[str, str] | None = None,
    location: Location | None = None,
) -> TrackedRun:
    """Carry out a run and record it in MLflow.

    The seed, the settings and the provenance are recorded before the run starts. The record ends

    - FINISHED, once the saved model was loaded back from the store and predicted what the network
      predicted;
    - FAILED, if ``result.failure`` names a reason, or an exception is raised (and raised again);
    - KILLED, at Ctrl-C or SIGTERM, which then end the process as they would have.

    Args:
        config: of the run; ``resume`` and ``register`` are seen to here.
        run: carries it out.
        listener: told how far the run is.
        parent: id of the MLflow run of a sweep.
        tags: further tags, such as those of a sweep.
        location: where to record; by default what :func:`locate` finds.

    Returns:
        The run, FINISHED or FAILED.

    Raises:
        ConfigError: if the store cannot be used, or there is nothing to resume; nothing was run.
        ExportError: if the saved model differs.
    """
    location = location or locate()
    checkpoint = find(location.checkpoints, config)
    resumed = None
    if checkpoint is not None:
        resumed = Resumed(checkpoint.run_id, checkpoint.done, checkpoint.damaged)
    if config.seed is None:
        seed = fresh_seed() if checkpoint is None else checkpoint.settings["seed"]
        config = config.model_copy(update={"seed": seed})
    client, experiment_id = open_experiment(location, config.task.name)
    provenance = collect(project_root())
    begun = {
        "config_hash": config.config_hash(),
        "status_detail": "running",
        **provenance.tags(),
        **({} if checkpoint is None else _origin(checkpoint)),
        **(tags or {}),
    }
    with interruptible() as interrupts:
        interrupts.hold()
        record = Record.start(client, experiment_id, run_name(config), begun, parent)
        checkpoints = Checkpoints(location.checkpoints, record.run_id, config)
        live = Live(record, checkpoints, listener)
        try:
            if checkpoint is not None:
                checkpoints.take_over(checkpoint)
                record.supersede(checkpoint.run_id)
            interrupts.release()
            record.log_params(config.flat())
            with TemporaryDirectory(prefix="stochgrad-") as folder:
                write_beginning(config, provenance, Path(folder))
                record.log_files(Path(folder))
            drawing = Drawing.beforehand(config)
            state = () if checkpoint is None else (checkpoint.state,)
            with beating(record):
                result = run(config, live, *state)
            live.log_curves(result.curves, _tags(result))
            model_id, detail = _record_outcome(
                record, config, result, drawing, location.tracking_uri
            )
            version = None
            if config.register_as is not None and model_id is not None:
                version = register_model(record, model_id, config.register_as)
        except BaseException as error:
            interrupts.hold()
            record.end_with(error)
            checkpoints.close(remove=False)
            if checkpoints.saved:
                error.add_note(f"to go on from where it was: the same command, and {RESUME}")
            raise
        interrupts.hold()
        status = FINISHED if result.failure is None else FAILED
        record.end(status, detail, result.failure)
        checkpoints.close(remove=True)
    return TrackedRun(
        run_id=record.run_id,
        experiment_id=experiment_id,
        status=status,
        config=config,
        result=result,
        artifact_uri=record.artifact_uri,
        tracking_uri=location.tracking_uri,
        model_uri=None if model_id is None else f"models:/{model_id}",
        resumed=resumed,
        registered=version,
    )


def _origin(checkpoint: Checkpoint) -> dict[str, str]:
    """Return tags that tell what a run goes on from."""
    return {"resumed_from": checkpoint.run_id, "resumed_from_code_hash": checkpoint.code_hash}


def run_name(config: RunConfig) -> str:
    """Return what the list of runs shows: the choices that a study compares."""
    parts = [config.method]
    if config.task.trains:
        parts.append(config.activation)
    return "-".join([*parts, config.backend.name, config.step_text, f"seed{config.seed}"])


def _tags(result: Result) -> dict[str, str]:
    """Return what only the end of a run tells."""
    tags = {
        "device": result.device,
        "seconds": f"{result.seconds:.3f}",
        "headline": ",".join(result.headline),
    }
    if result.dataset is not None:
        tags["data_sha256"] = result.dataset.sha256()
    return tags


def _record_outcome(
    record: Record, config: RunConfig, result: Result, begun: Drawing, tracking_uri: str
) -> tuple[str | None, str]:
    """Record what a run returned; return the id of its model, and what was verified."""
    drawings = begun, Drawing.afterwards(config, result)
    with TemporaryDirectory(prefix="stochgrad-") as folder:
        write_outcome(result, Path(folder))
        record.log_files(Path(folder))
    try:
        recorded = _record_model(record, config, result, tracking_uri)
    except Exception:
        _record_figures(record, drawings)
        raise
    _record_figures(record, drawings)
    return recorded


def _record_figures(record: Record, drawings: Iterable[Drawing]) -> None:
    with TemporaryDirectory(prefix="stochgrad-") as folder:
        for drawing in drawings:
            drawing.save(Path(folder) / "figures")
        record.log_files(Path(folder))


def _record_model(
    record: Record, config: RunConfig, result: Result, tracking_uri: str
) -> tuple[str | None, str]:
    """Record final metrics, and the model that has them; return its id, and what was verified."""
    step = max((int(c.at[-1]) for c in result.curves.values() if len(c.at)), default=0)
    network, dataset, outputs = result.network, result.dataset, result.outputs
    if network is None or not config.export or result.failure is not None:
        record.log_metrics(result.metrics, step)
        missing = "no network to save" if network is None else "export=false: no model saved"
        return None, result.failure or missing
    if dataset is None or outputs is None:
        raise TypeError("a result with a network needs its data set and its test outputs")
    params = {key: shorten(as_text(value)) for key, value in config.flat().items()}
    model_id = announce_model(record, params, step)
    record.log_metrics(result.metrics, step, model_id)
    compared = store_model(record, model_id, network, dataset, outputs, tracking_uri)
    return model_id, f"saved model loaded back: {compared} predictions agree with the network's"
