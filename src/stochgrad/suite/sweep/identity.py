"""When two runs are the same run: equal settings, equal code, equal data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stochgrad.suite import tasks
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.sweep.plan import Job
from stochgrad.suite.tracking.provenance import code_hash
from stochgrad.suite.tracking.tags import own_tags


@dataclass(frozen=True)
class Identity:
    """What makes a run the same as another.

    Attributes:
        config: hash of the canonical settings.
        code: hash of the package's sources.
        data: hash of the data; None for a task that reads none, or does not tell.
    """

    config: str
    code: str
    data: str | None

    def is_of(self, run: Any) -> bool:
        """Return whether an MLflow run is the same."""
        tags = own_tags(run)
        data = tags.get("data_sha256") if self.data is not None else None
        theirs = tags.get("config_hash"), tags.get("code_hash"), data
        return theirs == (self.config, self.code, self.data)

    @property
    def key(self) -> str:
        """Return one hash of all three."""
        return digest([self.config, self.code, self.data or ""])


def identify(jobs: Sequence[Job]) -> list[Identity]:
    """Return the identities of jobs that are prepared; data that several share are hashed once."""
    hashes: dict[str, str | None] = {}

    def data_of(config: RunConfig) -> str | None:
        source = repr((config.task.name, config.data))
        if source not in hashes:
            dataset = tasks.load(config)
            hashes[source] = None if dataset is None else dataset.sha256()
        return hashes[source]

    code = code_hash()
    return [Identity(job.config.config_hash(), code, data_of(job.config)) for job in jobs]


def digest(parts: Sequence[str]) -> str:
    """Return the SHA-256 of several texts."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
