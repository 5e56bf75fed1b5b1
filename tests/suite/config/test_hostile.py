"""Whatever is typed, a configuration comes of it, or one line that says what is wrong.

``HOSTILE_EXAMPLES=10000`` draws that many inputs; as many as fit into some seconds otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stochgrad.suite.tasks
from stochgrad.errors import ConfigError
from stochgrad.suite.cli import failure_message
from stochgrad.suite.cli.arguments import parse
from stochgrad.suite.config.compose import Composer, configuration, run_of
from stochgrad.suite.config.text import MOST
from stochgrad.suite.sweep.combinations import with_values
from stochgrad.suite.sweep.plan import read_sweep, sweep_of
from stochgrad.suite.sweep.space import as_arguments, corners, search_space
from tests.suite.strategies import flags, overrides

CONF = Path(__file__).resolve().parents[3] / "conf"
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir())
EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "200"))
assert stochgrad.suite.tasks.TASKS


@pytest.fixture(scope="module")
def composer() -> Iterator[Composer]:
    with configuration(CONF) as found:
        yield found


many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def run(arguments: list[str], composer: Composer) -> None:
    assert len(run_of(arguments, composer).config_hash()) == 64


def sweep(arguments: list[str], composer: Composer) -> None:
    jobs = sweep_of(arguments, composer).jobs
    assert all(len(job.config.config_hash()) == 64 for job in jobs[:3])


def search(arguments: list[str], composer: Composer) -> None:
    typed, _ = read_sweep(arguments, composer)
    for point in corners(search_space(typed, composer.choices))[:2]:
        run(with_values(typed, as_arguments(point)), composer)


def mistake_in(use: Callable[[], object]) -> str | None:
    """Return what is said of a mistake, if there is one; any other error is raised."""
    try:
        use()
    except ConfigError as error:
        return failure_message(error)
    return None


def is_one_short_line(said: str | None) -> bool:
    return said is None or (said.isprintable() and 0 < len(said) <= MOST)


@pytest.mark.slow
@many
@given(arguments=overrides(GROUPS), use=st.sampled_from([run, run, sweep, sweep, search]))
def test_only_what_is_explained_comes_out(
    composer: Composer, arguments: list[str], use: Callable[[list[str], Composer], None]
) -> None:
    assert is_one_short_line(mistake_in(lambda: use(arguments, composer)))


@many
@given(argv=flags())
def test_flags_are_read_or_refused(argv: list[str]) -> None:
    assert is_one_short_line(mistake_in(lambda: parse(argv)))
