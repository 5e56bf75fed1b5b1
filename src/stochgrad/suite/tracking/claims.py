"""One process at a time: claims on what must not be done twice, freed when their process dies."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from stochgrad.errors import ConfigError
from stochgrad.suite.tracking.record import user
from stochgrad.suite.tracking.store import Location

PAUSE = 0.05
"""Seconds between two attempts to get one's turn."""


@contextmanager
def claim(location: Location, name: str) -> Iterator[bool]:
    """Try to claim ``name`` for as long as the block runs; yield whether that succeeded.

    The claim is a lock on a file, which the operating system frees whatever becomes of its process:
    beside a SQLite database; for a tracking server in the folder for temporary files, where it
    binds the processes of one user on one machine. The file is removed when the block ends.
    """
    folder = _folder(location)
    path = folder / f"{name}.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be used ({error}); make it writable") from error
    try:
        yield True
    finally:
        # Before the lock is freed: whoever has opened the file gets the lock of one that is gone,
        # which filelock does not count. After it, the file might be the next holder's.
        with suppress(OSError):
            path.unlink()
        lock.release()


@contextmanager
def turn(location: Location, name: str) -> Iterator[None]:
    """Run the block when no other process is in one of that name; it has to be short."""
    while True:
        with claim(location, name) as mine:
            if mine:
                yield
                return
        time.sleep(PAUSE)


def _folder(location: Location) -> Path:
    if location.database is not None:
        return location.database.with_name(f"{location.database.name}.claims")
    store = hashlib.sha256(location.tracking_uri.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"stochgrad-claims-{user()}" / store
