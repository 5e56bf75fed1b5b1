"""Where runs are recorded: the tracking URI, the database, one experiment for each task."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from stochgrad.errors import ConfigError
from stochgrad.suite.paths import project_root, sqlite_uri, store_root, without_password
from stochgrad.suite.tracking.away import PAUSE, Patient, telling
from stochgrad.suite.tracking.quiet import MlflowClient, MlflowException
from stochgrad.suite.tracking.tags import NOTE

SQLITE = re.compile(r"sqlite(?:\+\w+)?://(?:/(?P<path>[^?]*))?(?P<options>\?.*)?")
LOCK_TIMEOUT = 120.0
"""Seconds that a process waits while another creates the database (3 s on a slow machine)."""
CONNECT_TIMEOUT = 10.0
"""Seconds in which a server has to let us in: MLflow itself would retry for minutes."""
ANSWER_TIMEOUT = 30.0
"""Seconds in which it has to say something."""
KIND, TRAINING = "mlflow.experimentKind", "custom_model_development"
"""Tag of an experiment, and its value, that opens it in the view for training runs."""
ABOUT = Path(__file__).with_name("experiment.md").read_text("utf-8")
"""What the page of an experiment says."""
SICK = 500
"""HTTP status from which on it is a server that cannot do its work."""


@dataclass(frozen=True)
class Location:
    """Where runs are recorded.

    Attributes:
        tracking_uri: of MLflow, independent of the working directory.
        database: the SQLite file, if it is one.
    """

    tracking_uri: str
    database: Path | None

    @property
    def artifacts(self) -> Path | None:
        """Folder of the artifacts: beside a SQLite database; a server has its own."""
        return None if self.database is None else self.database.parent / "mlartifacts"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints, on this machine: beside the database, or in the project."""
        beside = store_root(project_root()) if self.database is None else self.database.parent
        return beside / "checkpoints"


def locate(directory: Path | None = None) -> Location:
    """Find where runs are recorded: ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` in the project.

    Raises:
        ConfigError: if nothing would be left of what is recorded there.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI", "").strip()
    if not uri:
        database = store_root(project_root(directory)) / "mlflow.db"
        return Location(sqlite_uri(database), database)
    match = SQLITE.fullmatch(uri)
    if match is None:
        return Location(uri, None)
    if match["path"] in (None, "", ":memory:") or match["path"].startswith("file:"):
        raise ConfigError(
            f"MLFLOW_TRACKING_URI={uri}: names no file, and a database in memory is gone when the "
            f"process ends; name one, as sqlite:///runs.db"
        )
    database = ((directory or Path.cwd()) / unquote(match["path"])).resolve()
    return Location(f"{sqlite_uri(database)}{match['options'] or ''}", database)


def open_experiment(location: Location, name: str) -> tuple[MlflowClient, str]:
    """Open the store and the experiment called ``name``, creating what does not exist.

    Any number of processes may do so at once.

    Returns:
        A client, and the experiment's id.

    Raises:
        ConfigError: if the store cannot be used, or the experiment was deleted.
    """
    with explaining(location):
        client = _open(location)
        experiment_id = _experiment(client, location, name)
        _present(client, experiment_id, name)
        return client, experiment_id


def connect(location: Location) -> MlflowClient:
    """Open the store.

    Raises:
        ConfigError: if it cannot be used.
    """
    with explaining(location):
        return _open(location)


@contextmanager
def explaining(location: Location) -> Iterator[None]:
    """Turn MLflow's trouble with the store into one line."""
    try:
        yield
    except MlflowException as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(f"{_named(location)}: {reason}") from error
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{_named(location)}: the database's driver is not installed "
            f"({error}); install it, or name another: PostgreSQL has psycopg2-binary, for "
            f"addresses that begin with postgresql+psycopg2://"
        ) from error


def _named(location: Location) -> str:
    return f"MLFLOW_TRACKING_URI={without_password(location.tracking_uri)}"


@cache
def _open(location: Location) -> MlflowClient:
    """Connect, once in a process; a database is created or checked by one process at a time."""
    if location.database is None:
        _reach(location)
        return _asked(location)
    # Takes seconds, for which no other process should have to wait.
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

    with telling(without_password(location.tracking_uri), "locked"):
        lock = _lock(location.database)
    with closing(lock):
        if location.database.stat().st_size == 0:
            _create(location)
        return _asked(location)


def _asked(location: Location) -> MlflowClient:
    """Return a client whose store has answered."""
    client = MlflowClient(location.tracking_uri)
    client.search_experiments(max_results=1)
    return cast(MlflowClient, Patient(client, without_password(location.tracking_uri)))


def _create(location: Location) -> None:
    """Make the tables beside, and rename: MLflow cannot open a database that is half made."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    database, artifacts = location.database, location.artifacts
    assert database is not None
    assert artifacts is not None
    beside = database.with_name(f"{database.name}.unfinished")
    _remove(beside)  # of a process that was killed
    try:
        SqlAlchemyStore(sqlite_uri(beside), artifacts.as_uri()).engine.dispose()
        beside.replace(database)
    except BaseException:  # Ctrl-C, too
        _remove(beside)
        raise


def _remove(database: Path) -> None:
    for left in (database, database.with_name(f"{database.name}-journal")):
        left.unlink(missing_ok=True)


def _experiment(client: MlflowClient, location: Location, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        root = location.artifacts
        artifacts = None if root is None else (root / name).as_uri()
        try:
            return str(client.create_experiment(name, artifact_location=artifacts))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)
    if found.lifecycle_stage == "deleted":
        raise ConfigError(
            f"task={name}: its MLflow experiment was deleted; restore it with: "
            f"mlflow experiments restore --experiment-id {found.experiment_id}"
        )
    return str(found.experiment_id)


@cache
def _present(client: MlflowClient, experiment_id: str, name: str) -> None:
    """Say what an experiment is, unless somebody has, once in a process."""
    shown = {KIND: TRAINING, NOTE: ABOUT.format(name=name)}
    for key in shown.keys() - client.get_experiment(experiment_id).tags.keys():
        client.set_experiment_tag(experiment_id, key, shown[key])


def _lock(database: Path) -> sqlite3.Connection:
    """Keep other processes from opening the database until the connection is closed.

    The lock is an exclusive transaction on an empty SQLite file beside the database: it works
    wherever SQLite does, and a process that dies frees it.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(f"{database}.lock", timeout=PAUSE, isolation_level=None)
        _begin(lock, "EXCLUSIVE")
        # MLflow would retry for minutes on a file that is no database, and print pages of one that
        # cannot be written. Of these, SQLite says nothing before something is: what is there.
        with closing(sqlite3.connect(database, timeout=PAUSE)) as probe:
            _begin(probe, "IMMEDIATE")
            (version,) = probe.execute("PRAGMA user_version").fetchone()
            probe.execute(f"PRAGMA user_version = {version}")
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(
            f"MLFLOW_TRACKING_URI=sqlite:///{database}: cannot be used ({error}); make the file "
            f"and its folder writable, or name another database"
        ) from error
    return lock


def _begin(database: sqlite3.Connection, kind: str) -> None:
    """Begin a transaction as soon as no other process is in one; Ctrl-C ends the wait."""
    deadline = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            database.execute(f"BEGIN {kind}")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return


def _reach(location: Location) -> None:
    """Find out within seconds whether a tracking server, or a database, answers."""
    uri = location.tracking_uri
    if uri.startswith(("http://", "https://")):
        trouble = _trouble_with_server(uri)
    elif uri.startswith(("postgresql", "mysql")):
        trouble = _trouble_with_database(uri)
    else:
        return
    if trouble is not None:
        raise ConfigError(
            f"{_named(location)}: cannot be used: {trouble}; see to the address and the server, "
            f"or unset it to record in the project's own mlflow.db"
        )


def _trouble_with_server(uri: str) -> str | None:
    """Ask for what every run asks first; a server may be up, and its database be down."""
    import requests  # type: ignore[import-untyped]

    address = f"{uri.rstrip('/')}/api/2.0/mlflow/experiments/search"
    try:
        answer = requests.post(
            address, json={"max_results": 1}, timeout=(CONNECT_TIMEOUT, ANSWER_TIMEOUT)
        )
    except requests.exceptions.SSLError:
        return None  # it answers; which certificates to trust is among MLflow's own settings
    except (requests.ConnectionError, requests.Timeout) as error:
        return f"no answer ({type(error).__name__})"
    except requests.RequestException as error:
        return str(error)
    # Whether somebody may ask is left to MLflow, which knows who it is.
    return (
        f"it answers {answer.status_code} {answer.reason}" if answer.status_code >= SICK else None
    )


def _trouble_with_database(uri: str) -> str | None:
    import sqlalchemy

    try:
        wait = {"connect_timeout": round(CONNECT_TIMEOUT)}
        engine = sqlalchemy.create_engine(uri, connect_args=wait, poolclass=sqlalchemy.NullPool)
        with closing(engine.connect()):
            return None
    except sqlalchemy.exc.SQLAlchemyError as error:
        return f"no answer ({str(error).strip().splitlines()[0]})"
