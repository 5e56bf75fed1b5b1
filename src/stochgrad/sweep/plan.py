"""What a command asks for: one run, or the jobs of a sweep, all checked before any starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stochgrad.config import RunConfig
from stochgrad.errors import ConfigError
from stochgrad.sweep.compose import compose_run, configuration
from stochgrad.sweep.overrides import product, read, single


@dataclass(frozen=True)
class Job:
    """One run of a sweep.

    Attributes:
        number: from 1.
        swept: the values of the swept keys, as text.
        config: validated.
    """

    number: int
    swept: Mapping[str, str]
    config: RunConfig

    @property
    def title(self) -> str:
        """What tells it from the other jobs."""
        return ", ".join(f"{key}={value}" for key, value in self.swept.items())


@dataclass(frozen=True)
class Plan:
    """The jobs of a sweep.

    Attributes:
        jobs: in the order in which they run.
        arguments: what the user typed.
    """

    jobs: tuple[Job, ...]
    arguments: tuple[str, ...] = field(default=())

    @property
    def swept(self) -> tuple[str, ...]:
        """Keys that differ between the jobs."""
        return tuple(self.jobs[0].swept)


def plan_run(arguments: Sequence[str], conf: Path) -> RunConfig:
    """Compose and validate one run.

    Args:
        arguments: ``key=value`` texts.
        conf: folder of the configuration files.

    Raises:
        ConfigError: naming the key, the value, what is allowed, what to do.
    """
    with configuration(conf, arguments) as choices:
        return compose_run(single(read(arguments, choices)))


def plan_sweep(arguments: Sequence[str], conf: Path) -> Plan:
    """Compose and validate every job of a sweep: all combinations of the keys with several values.

    Raises:
        ConfigError: as for one run; it says which job.
    """
    with configuration(conf, arguments) as choices:
        overrides = read(arguments, choices)
        fixed = [str(o.input_line) for o in overrides if not o.is_sweep_override()]
        keys = [str(o.key_or_group) for o in overrides]
        for override in overrides:
            key = str(override.key_or_group)
            if override.is_sweep_override() and keys.count(key) > 1:
                raise ConfigError(f"{override.input_line}: {key} is given twice; give it once")
        combinations = product(overrides, choices)
        jobs = []
        for number, swept in enumerate(combinations, start=1):
            texts = [f"{key}={value}" for key, value in swept.items()]
            try:
                config = compose_run(single(read([*fixed, *texts], choices)))
            except ConfigError as error:
                where = f"job {number} of {len(combinations)}"
                raise ConfigError(
                    f"{where} ({', '.join(texts)}): {error}" if texts else str(error)
                ) from error
            jobs.append(Job(number, swept, config))
    return Plan(tuple(jobs), tuple(arguments))
