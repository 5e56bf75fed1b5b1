"""Results that could not be recorded: kept on disk, and entered when the store is back.

``checkpoints/<run id>.result`` holds them, written by this package for itself.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.paths import beside
from stochgrad.suite.tasks.result import Result
from stochgrad.suite.tracking.claims import claim
from stochgrad.suite.tracking.provenance import code_hash
from stochgrad.suite.tracking.store import Location

SUFFIX = ".result"


@dataclass(frozen=True)
class Kept:
    """A run that has ended, whose record is not complete.

    Attributes:
        experiment_id: of its task.
        run_id: in MLflow.
        artifact_uri: where its files go.
        config: of the run.
        result: what it returned.
        logged: how many points of each curve are on record.
        figures: whether they are drawn with the record; later,
            :func:`stochgrad.suite.tracking.redraw` does.
    """

    experiment_id: str
    run_id: str
    artifact_uri: str
    config: RunConfig
    result: Result
    logged: Mapping[str, int]
    figures: bool


def keep(location: Location, kept: Kept) -> Path:
    """Write results to disk; the file appears complete or not at all."""
    file = path_of(location, kept.run_id)
    with beside(file) as unfinished, unfinished.open("wb") as stream:
        pickle.dump(code_hash(), stream)  # read first: other sources may not know the rest
        pickle.dump(kept, stream)
    return file


def path_of(location: Location, run_id: str) -> Path:
    """Return where the results of a run are kept."""
    return location.checkpoints / f"{run_id}{SUFFIX}"


def held(location: Location, run_id: str) -> AbstractContextManager[bool]:
    """Keep other processes from entering a run; the block is told whether none of them is at it."""
    return claim(location, f"kept-{run_id}")


def left(location: Location) -> Iterator[tuple[Path, Kept | None]]:
    """Yield the results that no living process is about to record; None for unreadable ones."""
    for file in sorted(location.checkpoints.glob(f"*{SUFFIX}")):
        with held(location, file.stem) as mine:
            if mine and file.exists():
                yield file, _read(file)


def _read(file: Path) -> Kept | None:
    with file.open("rb") as stream:
        if pickle.load(stream) != code_hash():
            return None
        kept: Kept = pickle.load(stream)
    return kept
