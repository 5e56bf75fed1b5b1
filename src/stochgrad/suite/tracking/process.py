"""Which process a run belongs to, and whether that process is gone."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from stochgrad.suite.tracking.record import Record

BEAT = 60.0
"""Seconds between two signs of life of a run."""
SILENCE = 5 * BEAT
"""Seconds without a sign of life, after which a process that cannot be looked at counts as gone."""
CLOCK = 2.0
"""Seconds by which two readings of a process's start may differ, since the clock is corrected."""


def identity() -> dict[str, str]:
    """Return the tags that tell this process from all others, later ones with its number too."""
    return {
        "host": socket.gethostname(),
        "pid": str(os.getpid()),
        "pid_namespace": _namespace(),
        "process_started": f"{psutil.Process().create_time():.2f}",
        "heartbeat": _now(),
    }


def is_here(tags: Mapping[str, str]) -> bool:
    """Tell whether the processes of this machine, or of this container, include that of a run."""
    return (tags.get("host"), tags.get("pid_namespace", _namespace())) == (
        socket.gethostname(),
        _namespace(),
    )


def is_gone(tags: Mapping[str, str]) -> bool:
    """Tell whether the process that wrote a run's tags has ended.

    Only what this machine can know counts: a process of another host is never gone; one in another
    container of the same host name is, when it gave no sign of life for :data:`SILENCE` seconds.
    """
    if tags.get("host") != socket.gethostname() or not tags.get("pid", "").isdigit():
        return False
    if not is_here(tags):
        return is_silent(tags)
    try:
        process = psutil.Process(int(tags["pid"]))
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        started: float = process.create_time()
    except psutil.NoSuchProcess:
        return True
    return abs(started - float(tags.get("process_started", started))) > CLOCK


def is_silent(tags: Mapping[str, str]) -> bool:
    """Tell whether a run gave no sign of life for too long."""
    return time.time() - float(tags.get("heartbeat", 0)) > SILENCE


@contextmanager
def beating(record: Record) -> Iterator[None]:
    """Write a sign of life to the record every :data:`BEAT` seconds while the block runs."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(BEAT):
            # A store that is away for a moment must not end the run; the next beat tries again.
            with suppress(Exception):
                record.log_tags({"heartbeat": _now()})

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


def _now() -> str:
    return f"{time.time():.0f}"


def _namespace() -> str:
    """Return what distinguishes the process numbers of containers; empty where there is no such."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
