"""Programs beside a test: servers at ports of their own, processes that are made to stand still.

What is waited for here is a state, never a time: the limit only ends what hangs.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 600.0
"""Seconds after which something has to be broken, however busy the machine is."""
LOOK = 0.05
"""Seconds between two looks."""


def wait_until(condition: Callable[[], object], alive: Callable[[], object] = lambda: True) -> None:
    """Wait until a condition holds; fail if what it waits for is not alive, or hangs."""
    end = time.monotonic() + LONGEST
    while not condition():
        # Asked again: it may have come to that, and then ended.
        if not alive() and not condition():
            pytest.fail("it ended before it had come to that")
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(LOOK)


@contextmanager
def reserved_port() -> Iterator[int]:
    """Keep a port from being given to anybody who asks for any.

    The socket is bound and does not listen. Both setting SO_REUSEADDR, a server that is told of the
    port can listen there all the same.
    """
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


def answers(url: str) -> bool:
    """Return whether a server answers, and is well."""
    try:
        return bool(requests.get(url, timeout=5).ok)
    except requests.RequestException:  # not yet listening, or slow
        return False


@contextmanager
def service(
    command: Sequence[str], log: Path, ready: Callable[[], bool], **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, wait until it is ready, and end it with its children."""
    clean = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**clean, **environment}, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(lambda: ready() or process.poll() is not None)
        assert process.poll() is None, f"{command[:4]} did not start:\n{log.read_text()}"
        yield process
    finally:
        with suppress(ProcessLookupError):  # it ended before
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def mlflow_server(port: int, store: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start MLflow's tracking server, on a store, with its files and its log in a folder."""
    folder.mkdir(exist_ok=True)
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--backend-store-uri", store,
        "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    jobs = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # whose processes take seconds to start
    ready = partial(answers, f"http://127.0.0.1:{port}/health")
    with service(command, folder / "log", ready, **jobs) as process:
        yield process


def stands_still(pid: int) -> bool:
    """Return whether every thread of a process is stopped."""
    states = (task / "stat" for task in Path(f"/proc/{pid}/task").iterdir())
    return all(state.read_text().rpartition(")")[2].split()[0] == "T" for state in states)


def is_free(database: Path) -> bool:
    """Return whether nobody writes to a database just now."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return False
        return True


@contextmanager
def stopped(
    candidates: Callable[[], Iterable[int]], database: Path, alive: Callable[[], object]
) -> Iterator[int]:
    """Stop one of some processes, which is then still one of them, until the block ends.

    Args:
        candidates: numbers of the processes.
        database: that it must not lock while it stands still.
        alive: whether there can still be such a process.
    """
    found: list[int] = []

    def stop() -> bool:
        for pid in candidates():
            with suppress(ProcessLookupError, FileNotFoundError):
                os.kill(pid, signal.SIGSTOP)
                found.append(pid)
                while not stands_still(pid):
                    if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                        raise ProcessLookupError
                if pid in candidates() and is_free(database):
                    return True
                os.kill(pid, signal.SIGCONT)
            found.clear()
        return False

    try:
        wait_until(stop, alive)
        yield found[0]
    finally:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
