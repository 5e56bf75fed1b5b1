"""One run, from its settings to its record: the function through which every run goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from stochgrad.random import fresh_seed
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.paths import project_root
from stochgrad.suite.tasks.result import Listener, Progress, Result
from stochgrad.suite.tracking.away import patience_of
from stochgrad.suite.tracking.checkpoints import AUTO, Checkpoints, find, why_none
from stochgrad.suite.tracking.conclude import TrackedRun as TrackedRun
from stochgrad.suite.tracking.conclude import conclude
from stochgrad.suite.tracking.files import write_beginning
from stochgrad.suite.tracking.interrupts import interruptible
from stochgrad.suite.tracking.kept import Kept, held, keep, path_of
from stochgrad.suite.tracking.live import Live
from stochgrad.suite.tracking.process import beating
from stochgrad.suite.tracking.provenance import collect
from stochgrad.suite.tracking.record import Record
from stochgrad.suite.tracking.store import Location, locate, open_experiment

RESUME = f"resume={AUTO}"
MARK = 6
"""Characters of the settings' hash in a name: names differ where settings do."""
SAMPLING = 1.0
"""Seconds between two looks at the machine."""

Run = Callable[..., Result]
"""``(config, listener) -> Result``; to go on from a checkpoint, ``(config, listener, state)``."""


def track(
    config: RunConfig,
    run: Run,
    *,
    listener: Listener | None = None,
    parent: str | None = None,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
    location: Location | None = None,
    say: Callable[[str], None] = lambda text: None,
    figures: bool | None = None,
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
        name: of the run; by default :func:`run_name`.
        tags: further tags, such as those of a sweep.
        location: where to record; by default what :func:`locate` finds.
        say: told, in one line, why there is nothing to resume.
        figures: whether they are drawn; by default they are, unless the run is one of a sweep.

    Returns:
        The run, FINISHED or FAILED.

    Raises:
        ConfigError: if the store cannot be used, or there is nothing to resume; nothing was run.
        ExportError: if the saved model differs.
    """
    location = location or locate()
    figures = parent is None if figures is None else figures
    checkpoint = find(location.checkpoints, config)
    origin = {}
    if checkpoint is not None:
        origin = {"resumed_from": checkpoint.run_id, "resumed_from_code_hash": checkpoint.code_hash}
    elif config.resume == AUTO:
        origin = {"not_resumed": why_none(location.checkpoints, config)}
        say(f"{RESUME}: starts anew: {origin['not_resumed']}")
    if config.seed is None:
        seed = fresh_seed() if checkpoint is None else checkpoint.settings["seed"]
        config = config.model_copy(update={"seed": seed})
    client, experiment_id = open_experiment(location, config.task.name)
    provenance = collect(project_root())
    begun = {
        "config_hash": config.config_hash(),
        "status_detail": "running",
        **provenance.tags(),
        **origin,
        **(tags or {}),
    }
    with interruptible() as interrupts, ExitStack() as stack:
        interrupts.hold()
        record = Record.start(client, experiment_id, name or run_name(config), begun, parent)
        checkpoints = Checkpoints(location.checkpoints, record.run_id, config)
        live = Live(record, checkpoints, listener)

        def listen(told: Progress) -> None:
            interrupts.check()
            live(told)

        try:
            if checkpoint is not None:
                checkpoints.take_over(checkpoint)
                record.supersede(checkpoint.run_id)
            interrupts.release()
            record.log_params(config.flat())
            with record.files() as folder:
                write_beginning(config, provenance, folder)
            state = () if checkpoint is None else (checkpoint.state,)
            with beating(record), _system_metrics(record, config, location):
                result = run(config, listen, *state)
                interrupts.check()

            where = record.experiment_id, record.run_id, record.artifact_uri
            kept = Kept(*where, config, result, live.logged, figures)

            def hold_on() -> None:
                if stack.enter_context(held(location, record.run_id)):
                    keep(location, kept)

            with patience_of(client).keeping(hold_on):
                tracked = conclude(record, kept, location, interrupts)
        except BaseException as error:
            interrupts.hold()
            record.end_with(error)
            checkpoints.close(remove=False)
            if path_of(location, record.run_id).exists():
                file = path_of(location, record.run_id)
                error.add_note(f"its results are kept in {file}, and entered by the next command")
            elif checkpoints.saved:
                error.add_note(f"to go on from where it was: the same command, and {RESUME}")
            raise
        path_of(location, record.run_id).unlink(missing_ok=True)
        checkpoints.close(remove=True)
    return replace(tracked, resumed=checkpoint)


@contextmanager
def _system_metrics(record: Record, config: RunConfig, location: Location) -> Iterator[None]:
    """Record what the run asks of the machine, if that is asked for."""
    if not config.tracking.system_metrics:
        yield
        return
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(
        record.run_id, sampling_interval=SAMPLING, tracking_uri=location.tracking_uri
    )
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()


def run_name(config: RunConfig) -> str:
    """Return what the list of runs shows: the main choices, and a mark of all settings."""
    parts = [config.method]
    if config.task.trains:
        parts.append(config.activation)
    parts += [config.backend.name, config.step_text, f"seed{config.seed}"]
    return "-".join([*parts, config.config_hash()[:MARK]])
