"""Where runs are recorded, and a store that many processes open at once."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from stochgrad.errors import ConfigError
from stochgrad.suite.paths import project_root
from stochgrad.suite.tracking import away, store
from stochgrad.suite.tracking.store import Location, locate, open_experiment
from tests.services import LONGEST
from tests.suite.tracking.projects import make_project

NOBODY = 65534


def test_the_default_is_in_the_projects_root_wherever_one_stands(
    bare_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = bare_project
    deep = project / "conf" / "task"
    deep.mkdir()
    (deep / "pyproject.toml").touch()  # without conf/ beside it, no root
    for folder in (project, deep):
        monkeypatch.chdir(folder)
        assert project_root() == project
        assert locate() == Location(f"sqlite:///{project}/mlflow.db", project / "mlflow.db")
    assert locate().artifacts == project / "mlartifacts"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("postgresql://user@db/mlflow", "postgresql://user@db/mlflow"),
        ("sqlite:///runs.db", "sqlite:///{folder}/runs.db"),
        ("sqlite:///sub/runs.db?timeout=5", "sqlite:///{folder}/sub/runs.db?timeout=5"),
        ("sqlite:////tmp/runs.db", "sqlite:////tmp/runs.db"),
        ("", "sqlite:///{folder}/mlflow.db"),
    ],
)
def test_the_environment_wins_and_paths_become_absolute(
    bare_project: Path, monkeypatch: pytest.MonkeyPatch, uri: str, expected: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    found = locate()
    assert found.tracking_uri == expected.format(folder=bare_project)
    assert (found.database is None) == (not expected.startswith("sqlite"))


@pytest.mark.parametrize(
    "uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x"]
)
def test_a_database_in_no_file_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(ConfigError, match=f"MLFLOW_TRACKING_URI={uri}: names no file"):
        locate()


def test_an_experiment_is_created_once_with_artifacts_beside_the_database(project: Path) -> None:
    location = locate()
    client, first = open_experiment(location, "xor")
    _, second = open_experiment(location, "xor")
    assert first == second
    assert client.get_experiment(first).artifact_location == (project / "mlartifacts/xor").as_uri()


def test_unusual_characters_in_the_path_work(
    tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path / "50% of ünusual%20names, #1?a=b")
    shutil.copy(empty_database, folder / "mlflow.db")
    location = locate(folder)
    client, experiment = open_experiment(location, "xor")
    run = client.create_run(experiment)
    client.log_text(run.info.run_id, "text", "note.txt")
    assert [p.read_text() for p in (folder / "mlartifacts").rglob("note.txt")] == ["text"]
    assert [p.name for p in tmp_path.iterdir()] == [folder.name]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", location.tracking_uri)
    assert locate() == location


@pytest.mark.slow
def test_a_database_whose_making_broke_off_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill in a first run's first seconds does it: MLflow cannot open half of its tables."""
    database = tmp_path / "mlflow.db"
    location = Location(f"sqlite:///{database}", database)

    def break_off(uri: str, artifacts: str) -> None:
        with sqlite3.connect(uri.removeprefix("sqlite:///")) as connection:
            connection.execute("CREATE TABLE experiments (a INTEGER)")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mlflow.store.tracking.sqlalchemy_store.SqlAlchemyStore", break_off)
        with pytest.raises(OSError, match="No space"):
            open_experiment(location, "xor")
        assert not list(tmp_path.glob("*.unfinished*"))
        (tmp_path / "mlflow.db.unfinished").write_text("what a process that was killed leaves")
    assert database.stat().st_size == 0
    assert open_experiment(location, "xor")[1] == "1"
    assert not list(tmp_path.glob("*.unfinished*"))


@pytest.mark.slow
def test_processes_that_start_together_share_a_fresh_database(tmp_path: Path) -> None:
    root = make_project(tmp_path / "fresh")
    code = """
import sys
from pathlib import Path
from stochgrad.suite.tracking import locate, open_experiment
print("ready", flush=True)
sys.stdin.readline()
print(open_experiment(locate(Path(sys.argv[1])), "xor")[1])
"""
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(root)],
            env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=LONGEST) for process in processes]
    # Nothing on standard error: neither MLflow's migrations nor a warning.
    assert answers == [(answers[0][0], "")] * 2
    assert [process.returncode for process in processes] == [0, 0]
    names = [e.name for e in MlflowClient(locate(root).tracking_uri).search_experiments()]
    assert sorted(names) == ["Default", "xor"]


def test_an_experiment_that_another_process_created_meanwhile_is_used() -> None:
    class Late:
        """Says the experiment is missing, until it is created by somebody else."""

        found: SimpleNamespace | None = None

        def get_experiment_by_name(self, name: str) -> SimpleNamespace | None:
            return self.found

        def create_experiment(self, name: str, artifact_location: str | None) -> str:
            self.found = SimpleNamespace(experiment_id="7", lifecycle_stage="active")
            raise MlflowException("it is there", error_code=3001)  # RESOURCE_ALREADY_EXISTS

    location = Location("http://127.0.0.1:1", None)
    assert store._experiment(Late(), location, "xor") == "7"  # type: ignore[arg-type]


def test_a_deleted_experiment_is_not_used_behind_ones_back(project: Path) -> None:
    client, experiment = open_experiment(locate(), "xor")
    client.delete_experiment(experiment)
    with pytest.raises(ConfigError, match=f"mlflow experiments restore .* {experiment}$"):
        open_experiment(locate(), "xor")


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    root = make_project(tmp_path / "odd")
    (root / "mlflow.db").write_text("not a database, and long enough to look like a header" * 9)
    with pytest.raises(ConfigError, match="file is not a database") as error:
        open_experiment(locate(root), "xor")
    assert "\n" not in str(error.value)


def test_a_database_that_is_locked_at_the_start_is_waited_for_and_told(
    empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock goes once it has been told of."""
    database = tmp_path / "mlflow.db"
    shutil.copy(empty_database, database)
    other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    told: list[str] = []

    def free(name: str, asked: str, trouble: str) -> None:
        told.append(f"{name} {trouble}")
        if len(told) == 1:
            other.rollback()

    monkeypatch.setattr(away, "TELL", 0.0)
    monkeypatch.setattr(away, "say", free)
    open_experiment(Location(f"sqlite:///{database}", database), "xor")
    other.close()
    assert told[0] == f"sqlite:///{database} locked"


@contextmanager
def obeying_modes() -> Iterator[None]:
    """Root may write to a file whatever its mode is; nobody may not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_database_that_may_only_be_read_is_refused_in_one_line(empty_database: Path) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to nobody
        database = Path(name) / "mlflow.db"
        shutil.copy(empty_database, database)
        database.chmod(0o444)
        database.parent.chmod(0o777)
        with (
            obeying_modes(),
            pytest.raises(ConfigError, match=r"cannot be used .*readonly") as error,
        ):
            open_experiment(Location(f"sqlite:///{database}", database), "xor")
    assert "\n" not in str(error.value)


def test_a_database_of_another_version_is_refused_in_one_line(project: Path) -> None:
    with sqlite3.connect(project / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'older'")
    connection.close()
    with pytest.raises(ConfigError, match="mlflow db upgrade") as error:
        open_experiment(locate(), "xor")
    assert "\n" not in str(error.value)


@contextmanager
def odd_server(status: int) -> Iterator[str]:
    """A server whose health is well, and that can do nothing else."""

    class Odd(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            self.send_error(status)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def silence(listens: bool) -> Iterator[str]:
    """Where nobody listens, or somebody who never answers."""
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        if listens:
            there.listen()
        yield f"127.0.0.1:{there.getsockname()[1]}"


def complaint(uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(ConfigError) as error:
        open_experiment(locate(), "xor")
    said = str(error.value)
    assert said.startswith(f"MLFLOW_TRACKING_URI={uri}: ")
    return said.partition(f"{uri}: ")[2]


@pytest.mark.parametrize("listens", [False, True])
@pytest.mark.parametrize("kind", ["http", "postgresql+psycopg2"])
@pytest.mark.slow
def test_a_server_that_does_not_answer_is_noticed(
    kind: str, listens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "CONNECT_TIMEOUT", 2.0)
    monkeypatch.setattr(store, "ANSWER_TIMEOUT", 2.0)
    with silence(listens) as address:
        assert complaint(f"{kind}://{address}/x", monkeypatch).startswith(
            "cannot be used: no answer ("
        )


def test_a_server_that_cannot_do_its_work_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with odd_server(503) as uri:
        said = complaint(uri, monkeypatch)
    assert said.startswith("cannot be used: it answers 503 Service Unavailable; see to")


@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.slow
def test_a_server_of_another_kind_is_noticed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with odd_server(status) as uri:
        assert f"error code {status}" in complaint(uri, monkeypatch)


def test_an_address_that_is_none_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Invalid URL" in complaint("http://", monkeypatch)
    assert "Failed to parse" in complaint("http://127.0.0.1:99999", monkeypatch)


def test_a_driver_that_is_not_installed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    said = complaint("postgresql+psycopg2://127.0.0.1:1/x", monkeypatch)
    assert said.startswith("the database's driver is not installed")


@pytest.mark.slow
@pytest.mark.parametrize("runs", [["--temp"], ["--queue", "--run-all"]], ids=["temp", "queue"])
def test_an_experiment_of_dvc_in_a_temporary_copy_is_recorded_in_the_workspace(
    tmp_path: Path, runs: list[str]
) -> None:
    """What is in the copy is deleted."""
    workspace = make_project(tmp_path / "workspace")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW")}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "DVC_NO_ANALYTICS": "1"}
    # The queue starts `dvc` by its name.
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    where = "from stochgrad.suite.tracking import locate; print(locate().tracking_uri)"
    (workspace / "where.py").write_text(where + "\n")
    (workspace / "conf" / "config.yaml").touch()
    (workspace / "dvc.yaml").write_text(
        f"stages:\n  one:\n    cmd: {sys.executable} where.py > out.txt\n"
        "    deps: [where.py]\n    metrics: [out.txt: {cache: false}]\n"
    )
    (workspace / ".gitignore").write_text("mlflow.db*\n")

    def call(*command: str) -> str:
        done = subprocess.run(
            command, cwd=workspace, env=environment, capture_output=True, text=True, check=False,
            timeout=LONGEST,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    author = ["-c", "user.name=a", "-c", "user.email=a@b"]
    call("git", "init", "-q")
    call(sys.executable, "-m", "dvc", "init", "-q")
    call("git", "add", "-A")
    call("git", *author, "commit", "-qm", "all")
    for flag in runs:
        name = [] if flag == "--run-all" else ["-n", "apart"]
        call(sys.executable, "-m", "dvc", "exp", "run", flag, *name)
    references = call("git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    (experiment,) = [one for one in references if one.endswith("/apart")]
    said = call("git", "show", f"{experiment}:out.txt")
    assert said.strip() == f"sqlite:///{workspace / 'mlflow.db'}"
