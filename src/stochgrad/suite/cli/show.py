"""What can be looked at before anything runs: the configuration, and where it comes from."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from stochgrad.errors import ConfigError
from stochgrad.suite.cli.arguments import TOPICS, Arguments
from stochgrad.suite.config.compose import Composer, as_yaml, configuration
from stochgrad.suite.config.overrides import read, single
from stochgrad.suite.sweep.combinations import product, with_values
from stochgrad.suite.sweep.plan import read_sweep

JOB = "job="
"""Chooses which job of a sweep is shown."""


def show_version() -> str:
    """Return the version of the package."""
    return f"stochgrad {version('stochgrad')}"


def show_configuration(arguments: Arguments, conf: Path) -> str:
    """Return the composed configuration of a run, or of a job of a sweep, as YAML.

    Raises:
        ConfigError: for a mistake in what was typed.
    """
    with configuration(arguments.sources(conf), arguments.overrides) as composer:
        composed = composer.compose(_of_one_run(arguments, composer))
        return as_yaml(composed, arguments.resolve).rstrip()


def show_info(arguments: Arguments, conf: Path) -> str:
    """Return what a configuration is composed of: folders, files in their order, the result.

    Raises:
        ConfigError: for a mistake in what was typed.
    """
    with configuration(arguments.sources(conf), arguments.overrides) as composer:
        typed = _of_one_run(arguments, composer)
        parts: dict[str, Callable[[], Iterator[str]]] = {
            "searchpath": lambda: (f"{who:<14}{where}" for who, where in composer.folders(typed)),
            "defaults": lambda: (f"{file:<36}{into}" for file, into in composer.files(typed)),
            "config": lambda: iter(as_yaml(composer.compose(typed)).splitlines()),
        }
        chosen = [t for t in TOPICS[:0:-1] if arguments.info in ("all", t)]
        sections = ["\n".join([f"# {topic}", *map(str.rstrip, parts[topic]())]) for topic in chosen]
    head = f"# {show_version()}, Python {platform.python_version()}"
    return "\n\n".join([head, *sections])


def _of_one_run(arguments: Arguments, composer: Composer) -> list[str]:
    """Return the arguments of a run, or of one job of a sweep: the first, if not another."""
    typed = [a for a in arguments.overrides if not a.startswith(JOB)]
    asked = [a.removeprefix(JOB) for a in arguments.overrides if a.startswith(JOB)]
    if not arguments.multirun:
        if asked:
            raise ConfigError(f"{JOB}{asked[-1]}: chooses a job of a sweep; add -m")
        return single(read(typed, composer.choices))
    overrides, _ = read_sweep(typed, composer)
    jobs = product(overrides, composer.choices)
    number = asked[-1] if asked else "1"
    if not (number.isascii() and number.isdecimal() and 0 < int(number[:9]) <= len(jobs)):
        raise ConfigError(f"{JOB}{number}: no such job; allowed: 1 to {len(jobs)}")
    return with_values(overrides, jobs[int(number) - 1])
