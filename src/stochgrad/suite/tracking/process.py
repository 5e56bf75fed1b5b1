"""Which process a run belongs to, and whether that process is gone."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from stochgrad.suite.tracking.record import Record
from stochgrad.suite.tracking.tags import own_tags

TAG = "process"
"""Tag of a run that holds, as JSON, which process it belongs to."""
BEAT = 60.0
"""Seconds between two signs of life of a run."""
SILENCE = 5 * BEAT
"""Seconds without a sign of life, after which a process that cannot be looked at counts as gone."""
ENDED = ("Z", "X")
"""States of a process in /proc that has ended and that nobody has waited for."""

Process = Mapping[str, Any]
"""What :func:`identity` returns."""


def identity() -> dict[str, Any]:
    """Return what tells this process from all others, later ones with its number too.

    The clock has no part in it, since it may be corrected while the process runs: ``started`` is
    counted in ticks since the machine's start, and the machine's start has an id of its own.
    """
    return {
        "host": socket.gethostname(),
        "boot": _boot(),
        "namespace": _namespace(),
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "heartbeat": round(time.time()),
    }


def process_tag() -> dict[str, str]:
    """Return the tag that says that a run is this process's, and that it is alive now."""
    return {TAG: json.dumps(identity())}


def process_of(run: Any) -> Process:
    """Return the process that an MLflow run belongs to; empty if it does not say."""
    return dict(json.loads(own_tags(run).get(TAG, "{}")))


def is_here(process: Process) -> bool:
    """Return whether a process's number means the same here: one machine, start and container."""
    here = socket.gethostname(), _boot(), _namespace()
    return (process.get("host"), process.get("boot"), process.get("namespace")) == here


def is_gone(process: Process) -> bool:
    """Return whether a process has ended.

    Only what this machine can know counts: a process of another host is never gone. One of the same
    host name from before the machine's start, or in another container, is, when it gave no sign of
    life for :data:`SILENCE` seconds: another machine may have that name, too.
    """
    if process.get("host") != socket.gethostname():
        return False
    if not is_here(process):
        return is_silent(process)
    return bool(_started(process["pid"]) != process["started"])


def is_silent(process: Process) -> bool:
    """Return whether a process gave no sign of life for too long."""
    return time.time() - float(process.get("heartbeat", 0)) > SILENCE


@contextmanager
def beating(record: Record) -> Iterator[None]:
    """Write a sign of life to the record every :data:`BEAT` seconds while the block runs."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            # A store that is away for a moment must not end the run; the next beat tries again.
            with suppress(Exception):
                record.at_once().log_tags(process_tag())

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _started(pid: int) -> str | None:
    """Return when a process started, as a text that never changes; None if it has ended."""
    try:
        if Path("/proc/self/stat").exists():
            # The name, in parentheses, may hold anything; what follows are fields 3 to 52.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return None if fields[0] in ENDED else fields[19]
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return None if ended else str(process.create_time())
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return None


@cache
def _boot() -> str:
    """Return the id of the machine's start; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    """Return what distinguishes the process numbers of containers; empty where there is no such."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
