"""Checkpoints: where an unfinished run was, in files that outlive its process.

``checkpoints/<run id>/`` beside the runs' database holds the latest two. Each appears complete or
not at all, and carries a checksum; a run that ends takes its folder along.
"""

from __future__ import annotations

import json
import os
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from stochgrad.errors import ConfigError
from stochgrad.suite.config.schema import RunConfig, flatten
from stochgrad.suite.paths import beside
from stochgrad.suite.tasks.state import State
from stochgrad.suite.tracking.provenance import code_hash

KEPT = 2
"""Checkpoints of a run: a damaged one leaves the one before."""
SHARE = 0.05
"""Largest share of a run's time that writing checkpoints may take."""
AUTO = "auto"
MOST_REASONS = 2
"""Runs of which it is said why they cannot be resumed, the latest."""
SETTINGS = "settings"
"""Name under which a checkpoint holds the run's configuration, as JSON."""
CODE = "code_hash"
"""Name under which it holds the hash of the package's sources."""
NAMES = "names"
"""Name under which it holds the names of all arrays of the state, as JSON."""


@dataclass(frozen=True)
class Checkpoint:
    """Where a run was.

    Attributes:
        run_id: of the run, in MLflow.
        done: units of progress.
        state: what it goes on from.
        settings: what its results depend on.
        code_hash: of the package's sources that computed it.
        damaged: names of later checkpoints that could not be read.
    """

    run_id: str
    done: int
    state: State
    settings: dict[str, Any]
    code_hash: str
    damaged: tuple[str, ...] = ()


class Checkpoints:
    """The checkpoints of one run: written while it goes on, locked against other processes."""

    def __init__(self, root: Path, run_id: str, config: RunConfig) -> None:
        self._folder = root / run_id
        self._origin = {SETTINGS: np.array(config.canonical()), CODE: np.array(code_hash())}
        self._every = config.checkpoint_seconds
        self._lock = FileLock(_lock_of(self._folder))
        self._last = time.monotonic()
        self._cost = 0.0

    def take_over(self, found: Checkpoint) -> None:
        """Make an earlier run's checkpoints this run's own.

        Raises:
            ConfigError: if another process does so, or the earlier run still goes on.
        """
        old = self._folder.with_name(found.run_id)
        lock = FileLock(_lock_of(old))
        try:
            with lock.acquire(timeout=0):
                self._lock.acquire()
                old.rename(self._folder)
                _lock_of(old).unlink(missing_ok=True)
        except (Timeout, FileNotFoundError) as error:
            raise ConfigError(
                f"resume={found.run_id}: that run still goes on, or another process resumes it"
            ) from error

    def save(self, done: int, state: State) -> None:
        """Write a checkpoint, and remove all but the latest."""
        if not self._lock.is_locked:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        own = {**self._origin, NAMES: np.array(json.dumps(sorted(state)))}
        with (
            beside(self._folder / f"{done:08d}.npz") as unfinished,
            unfinished.open("wb") as file,
        ):
            np.savez(file, **own, **state)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        for old in _files(self._folder)[KEPT:]:
            old.unlink()

    @property
    def saved(self) -> bool:
        """Whether there is any."""
        return bool(_files(self._folder))

    def due(self) -> bool:
        """Return whether it is time for another."""
        if self._every is None:
            return False
        return time.monotonic() - self._last >= max(self._every, self._cost / SHARE)

    def offer(self, done: int, state: Any) -> None:
        """Save what ``state()`` returns, if it is time."""
        if self.due():
            started = time.monotonic()
            self.save(done, state())
            self._last = time.monotonic()
            self._cost = self._last - started

    def close(self, remove: bool) -> None:
        """Let other processes have the checkpoints, or remove them."""
        if self._lock.is_locked:
            if remove:
                _remove(self._folder)
            self._lock.release()


def find(root: Path, config: RunConfig) -> Checkpoint | None:
    """Find what ``resume=`` asks for.

    Args:
        root: folder of all checkpoints.
        config: of the run that is to go on.

    Returns:
        The checkpoint; None where there is nothing to resume, and ``auto`` leaves it at that.

    Raises:
        ConfigError: if the run that was asked for has no checkpoint, still goes on, or had other
            settings, which are named.

    ``auto`` passes over what other sources of this package computed; a run that is named goes on
    from it, which its record shows.
    """
    if config.resume is None:
        return None
    if config.resume == AUTO:
        folders = (f.parent for f in sorted(root.glob("*/*.npz"), key=_age, reverse=True))
        found = (_latest(folder) for folder in dict.fromkeys(folders) if not _is_taken(folder))
        return next((c for c in found if c is not None and _continues(c, config)), None)
    return _named(root, config, config.resume)


def why_none(root: Path, config: RunConfig) -> str:
    """Return in one line why ``resume=auto`` found nothing to go on from."""
    reasons = []
    for folder in dict.fromkeys(f.parent for f in sorted(root.glob("*/*.npz"), key=_age)):
        found = _latest(folder)
        if found is None:
            reasons.append(f"all checkpoints of run {folder.name} are damaged")
        elif not _differences(found, config):
            taken = _is_taken(folder)
            why = "still goes on" if taken else "was computed by other sources of this package"
            reasons.append(f"run {folder.name} {why}")
    more = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    said = "; ".join(reasons[-MOST_REASONS:]) or "there is no checkpoint of these settings"
    return f"{said}{more}"


def _named(root: Path, config: RunConfig, run_id: str) -> Checkpoint:
    folder = root / run_id
    known = [c for c in root.glob("*") if _files(c)]
    if folder not in known:
        names = ", ".join(sorted(c.name for c in known)) or "none"
        raise ConfigError(
            f"resume={run_id}: there is no checkpoint of such a run; those that can be resumed: "
            f"{names}. Or leave resume out to start anew"
        )
    if _is_taken(folder):
        raise ConfigError(f"resume={run_id}: that run still goes on; wait for it, or end it")
    found = _latest(folder)
    if found is None:
        raise ConfigError(
            f"resume={run_id}: none of its checkpoints can be read; delete {folder}, and start "
            f"anew without resume="
        )
    different = _differences(found, config)
    if different:
        raise ConfigError(
            f"resume={run_id}: that run had other settings: {'; '.join(different)}; give the same, "
            f"or start anew without resume="
        )
    return found


def _continues(found: Checkpoint, config: RunConfig) -> bool:
    """Return whether a run would end as if it had never been broken off."""
    return found.code_hash == code_hash() and not _differences(found, config)


def _differences(found: Checkpoint, config: RunConfig) -> list[str]:
    """Name the settings in which a checkpoint differs; a seed left open takes the checkpoint's."""
    theirs, ours = flatten(found.settings), flatten(config.essence())
    if ours["seed"] is None:
        ours["seed"] = theirs.get("seed")
    missing = "(not set)"
    return [
        f"{key}={theirs.get(key, missing)}, not {ours.get(key, missing)}"
        for key in dict.fromkeys([*ours, *theirs])
        if theirs.get(key, missing) != ours.get(key, missing)
    ]


def _latest(folder: Path) -> Checkpoint | None:
    """Read the latest checkpoint that is whole."""
    damaged = []
    for file in _files(folder):
        try:
            state = _read(file)
            settings, code = json.loads(str(state.pop(SETTINGS))), str(state.pop(CODE))
        except MemoryError:
            raise
        except Exception:  # whatever a parser says of a damaged file
            damaged.append(file.name)
        else:
            return Checkpoint(folder.name, int(file.stem), state, settings, code, tuple(damaged))
    return None


def _read(file: Path) -> State:
    """Read every array, and raise any exception if one is missing or not what was written."""
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        # Checksums first: where a damaged header says that an array is short, NumPy stops there.
        if archive.zip.testzip() is not None:
            raise zipfile.BadZipFile
        state = dict(archive)
    if json.loads(str(state.pop(NAMES))) != sorted(state.keys() - {SETTINGS, CODE}):
        raise KeyError
    return state


def _files(folder: Path) -> list[Path]:
    """Return the checkpoints of a run, the latest first."""
    return sorted(folder.glob("[0-9]*.npz"), reverse=True)


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # removed meanwhile
        return 0.0


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _is_taken(folder: Path) -> bool:
    try:
        with FileLock(_lock_of(folder)).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _remove(folder: Path) -> None:
    for file in folder.glob("*"):
        file.unlink()
    folder.rmdir()
    _lock_of(folder).unlink(missing_ok=True)
