"""The jobs of a sweep, all checked before any starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override

from stochgrad.errors import ConfigError
from stochgrad.suite.config.compose import AROUND_RUNS, Composer, Sources, configuration
from stochgrad.suite.config.mistakes import as_given, typed
from stochgrad.suite.config.overrides import UnknownNameError, keep_out, read, section, sets_value
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.config.text import shortened
from stochgrad.suite.config.validation import validate_section
from stochgrad.suite.sweep.combinations import product, with_values
from stochgrad.suite.sweep.settings import SECTION, SweepSettings
from stochgrad.suite.tasks.result import Listener, Progress

Value = float | int | str
"""Value of a swept key."""


def _value(config: RunConfig, key: str, text: str) -> Value:
    setting: Any = config
    for part in key.split("."):
        setting = getattr(setting, part, None)
    if isinstance(setting, int | float) and not isinstance(setting, bool):
        return setting
    return text


def _title(swept: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in swept.items())


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

    @cached_property
    def values(self) -> dict[str, Value]:
        """The values of the swept keys, numbers as numbers."""
        return {key: _value(self.config, key, text) for key, text in self.swept.items()}

    @property
    def title(self) -> str:
        """What tells it from the other jobs."""
        return _title(self.swept)


@dataclass(frozen=True)
class Plan:
    """The jobs of a sweep.

    Attributes:
        jobs: in the order in which they run.
        arguments: what the user typed.
        settings: how to carry it out.
        left_out: why combinations cannot be that ``sweep.skip_invalid=true`` left out, by title.
    """

    jobs: tuple[Job, ...]
    arguments: tuple[str, ...] = field(default=())
    settings: SweepSettings = field(default=SweepSettings())
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def swept(self) -> tuple[str, ...]:
        """Keys that differ between the jobs."""
        return tuple(self.jobs[0].swept)


def read_sweep(arguments: Sequence[str], composer: Composer) -> tuple[list[Override], set[str]]:
    """Read the arguments of a sweep, with the keys that the chosen files sweep over.

    Returns:
        All of them, those of files first; and the texts of those of files.

    Raises:
        ConfigError: for a key that is given twice.
    """
    overrides = read(arguments, composer.choices)
    given = {str(o.key_or_group) for o in overrides}
    fixed = [str(o.input_line) for o in overrides if not o.is_sweep_override()]
    swept = composer.swept(fixed)
    held = read([f"{k}={v}" for k, v in swept.items() if k not in given], composer.choices)
    keys = [str(o.key_or_group) for o in overrides]
    for override in overrides:
        key = str(override.key_or_group)
        if override.is_sweep_override() and keys.count(key) > 1:
            raise ConfigError(f"{typed(override)}: {shortened(key)} is given twice; give it once")
    return [*held, *overrides], {f"{key}={value}" for key, value in swept.items()}


def plan_sweep(
    arguments: Sequence[str],
    conf: Path | Sources,
    listener: Listener = lambda told: None,
) -> Plan:
    """Compose and validate every job of a sweep: all combinations of the keys with several values.

    Combinations that give the same run are one job. With ``sweep.skip_invalid=true`` those that
    cannot be are left out.

    Args:
        arguments: ``key=value`` texts.
        conf: folder of the configuration files.
        listener: told how many combinations are checked.

    Raises:
        ConfigError: as for one run; it says which job.
    """
    with configuration(conf, arguments) as composer:
        return sweep_of(arguments, composer, listener)


def sweep_of(
    arguments: Sequence[str], composer: Composer, listener: Listener = lambda told: None
) -> Plan:
    """Compose and validate every job of a sweep, as :func:`plan_sweep` does."""
    overrides, held = read_sweep(arguments, composer)
    for override in overrides:
        if override.is_sweep_override():
            keep_out(override, AROUND_RUNS, "is the same for all runs; give it one value")
        keep_out(override, ("tune",), "is for `python -m src.tune`; leave it out")
    combinations = product(overrides, composer.choices)
    settings = _settings(composer, overrides, combinations[0])
    jobs: dict[str, Job] = {}
    left_out: dict[str, str] = {}
    for number, swept in enumerate(combinations, start=1):
        arguments_of_job = with_values(overrides, swept)
        try:
            config = composer.run(arguments_of_job)
            _check_files(composer, arguments_of_job, held)
        except ConfigError as error:
            if isinstance(error, UnknownNameError) or not settings.skip_invalid:
                where = f"job {number} of {len(combinations)} ({shortened(_title(swept))})"
                raise ConfigError(f"{where}: {error}" if swept else str(error)) from error
            left_out[_title(swept)] = str(error)
        else:
            jobs.setdefault(config.model_dump_json(), Job(len(jobs) + 1, swept, config))
        listener(Progress(number, len(combinations), "run"))
    if not jobs:
        reason = next(iter(left_out.values()))
        raise ConfigError(f"sweep.skip_invalid=true: no combination is left; {reason}")
    composer.check_read(arguments, [job.config for job in jobs.values()])
    return Plan(tuple(jobs.values()), tuple(arguments), settings, left_out)


def _settings(
    composer: Composer, overrides: Sequence[Override], first: Mapping[str, str]
) -> SweepSettings:
    """Return how the sweep is carried out, whatever is wrong in other settings of its first job."""
    known = [
        argument
        for override, argument in zip(overrides, with_values(overrides, first), strict=True)
        if section(override) == SECTION or not sets_value(override, composer.choices)
    ]
    try:
        values = composer.section(SECTION, known)
    except ConfigError:  # which the first job gets, too
        return SweepSettings()
    with as_given(overrides):
        return validate_section(SweepSettings, values, f"{SECTION}.")


def _check_files(composer: Composer, arguments: Sequence[str], held: set[str]) -> None:
    """Refuse a sweep over files of which some hold another sweep."""
    found = {f"{key}={value}" for key, value in composer.swept(arguments).items()}
    if found - held:
        raise ConfigError(
            f"its files hold a sweep of their own ({shortened(' '.join(sorted(found)))}); choose "
            f"them alone, with one value"
        )
