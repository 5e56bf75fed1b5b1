"""The jobs of a sweep, all checked before any starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stochgrad.errors import ConfigError
from stochgrad.suite.config.compose import (
    AROUND_RUNS,
    Composer,
    compose_section,
    configuration,
)
from stochgrad.suite.config.overrides import keep_out, read
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.sweep.combinations import product, with_values
from stochgrad.suite.sweep.settings import SECTION, SweepSettings, sweep_settings
from stochgrad.suite.tasks.result import Listener, Progress

Value = float | int | str
"""Of a swept key."""


def _value(setting: object, text: str) -> Value:
    if isinstance(setting, int | float) and not isinstance(setting, bool):
        return setting
    return text


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
    def values(self) -> dict[str, Value]:
        """The values of the swept keys, numbers as numbers."""
        flat = self.config.flat()
        return {key: _value(flat.get(key), text) for key, text in self.swept.items()}

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
        settings: how to carry it out.
    """

    jobs: tuple[Job, ...]
    arguments: tuple[str, ...] = field(default=())
    settings: SweepSettings = field(default=SweepSettings())

    @property
    def swept(self) -> tuple[str, ...]:
        """Keys that differ between the jobs."""
        return tuple(self.jobs[0].swept)


def plan_sweep(
    arguments: Sequence[str], conf: Path, listener: Listener = lambda told: None
) -> Plan:
    """Compose and validate every job of a sweep: all combinations of the keys with several values.

    Args:
        arguments: ``key=value`` texts.
        conf: folder of the configuration files.
        listener: told how many jobs are done.

    Raises:
        ConfigError: as for one run; it says which job.
    """
    with configuration(conf, arguments) as choices:
        overrides = read(arguments, choices)
        keys = [str(o.key_or_group) for o in overrides]
        for override in overrides:
            key = str(override.key_or_group)
            if override.is_sweep_override() and keys.count(key) > 1:
                raise ConfigError(f"{override.input_line}: {key} is given twice; give it once")
            if override.is_sweep_override():
                keep_out(override, AROUND_RUNS, "is the same for all runs; give it one value")
            keep_out(override, ("tune",), "is for `python -m src.tune`; leave it out")
        combinations = product(overrides, choices)
        composer = Composer(choices)
        jobs: list[Job] = []
        for number, swept in enumerate(combinations, start=1):
            typed = with_values(overrides, swept)
            try:
                config = composer.run(typed)
            except ConfigError as error:
                where = f"job {number} of {len(combinations)}"
                values = ", ".join(f"{key}={value}" for key, value in swept.items())
                raise ConfigError(
                    f"{where} ({values}): {error}" if swept else str(error)
                ) from error
            if not jobs:
                settings = sweep_settings(compose_section(SECTION, typed))
            jobs.append(Job(number, swept, config))
            listener(Progress(number, len(combinations), "run"))
    return Plan(tuple(jobs), tuple(arguments), settings)
