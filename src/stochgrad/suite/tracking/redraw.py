"""Figures of runs on record, drawn when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator

from mlflow.exceptions import MlflowException

from stochgrad.errors import ConfigError, shown
from stochgrad.suite.paths import without_password
from stochgrad.suite.tracking.conclude import record_figures
from stochgrad.suite.tracking.reading import read_run
from stochgrad.suite.tracking.reconcile import search
from stochgrad.suite.tracking.record import Record
from stochgrad.suite.tracking.store import Location, connect, explaining
from stochgrad.suite.tracking.tags import PARENT, own_tags

NO_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow says of an id that no run has, or that no run could have."""


def redraw(location: Location, run_id: str) -> Iterator[tuple[str, list[str]]]:
    """Draw the figures of a run, or of every run of a sweep, from what is on record.

    Args:
        location: of the store.
        run_id: of the run, or of the parent of a sweep.

    Yields:
        Id of each run, and the names of its figures, which are recorded as ``figures/*.png``.

    Raises:
        ConfigError: if the store cannot be used, or does not have the run.
    """
    client = connect(location)
    with explaining(location):
        try:
            asked = client.get_run(run_id)
        except MlflowException as error:
            if error.error_code not in NO_RUN:
                raise
            where = without_password(location.tracking_uri)
            raise ConfigError(
                f"figures {shown(run_id)}: no such run in {where}; name one by its id in MLflow"
            ) from error
    experiments = [asked.info.experiment_id]
    children = (
        []
        if "swept" not in own_tags(asked)
        else list(search(client, experiments, f"tags.`{PARENT}` = '{run_id}'"))
    )
    for run in children or [asked]:
        origin = own_tags(run).get("copy_of", run.info.run_id)
        task = client.get_experiment(client.get_run(origin).info.experiment_id).name
        stored = read_run(task, origin)
        config = stored.config()
        assert config.seed is not None
        record = Record(client, stored.experiment_id, origin, stored.artifact_uri)
        yield origin, record_figures(record, config, stored.result(config, config.seed))
