"""Runs composed from the repository's files, which one process reads once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import hydra

import stochgrad.suite.tasks
from stochgrad.suite.config.compose import Composer, configuration, run_of
from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.sweep.plan import Plan, sweep_of

CONF = Path(__file__).resolve().parents[2] / "conf"
assert stochgrad.suite.tasks.TASKS


@cache
def _composer() -> Composer:
    with configuration(CONF) as found:
        return found


@contextmanager
def composer() -> Iterator[Composer]:
    """Open the files, as :func:`~stochgrad.suite.config.compose.configuration` does."""
    found = _composer()
    with hydra.initialize_config_dir(str(CONF), job_name="run", version_base="1.3"):
        yield found


def plan(*arguments: str) -> RunConfig:
    """Compose and validate one run."""
    with composer() as opened:
        return run_of(arguments, opened)


def plan_many(*arguments: str) -> Plan:
    """Compose and validate every job of a sweep."""
    with composer() as opened:
        return sweep_of(arguments, opened)
