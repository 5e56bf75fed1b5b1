"""Whatever is typed, a configuration comes of it, or one line that says what is wrong.

``HOSTILE_EXAMPLES=10000`` draws that many inputs; as many as fit into some seconds otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import stochgrad.suite.tasks
from stochgrad.errors import ConfigError
from stochgrad.suite.cli import failure_message
from stochgrad.suite.config.compose import Composer, configuration, run_of
from stochgrad.suite.config.text import MOST
from stochgrad.suite.sweep.plan import sweep_of
from tests.suite.strategies import overrides

CONF = Path(__file__).resolve().parents[3] / "conf"
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir())
EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "200"))
assert stochgrad.suite.tasks.TASKS


@pytest.fixture(scope="module")
def composer() -> Iterator[Composer]:
    with configuration(CONF) as found:
        yield found


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(arguments=overrides(GROUPS), several=st.booleans())
def test_only_what_is_explained_comes_out(
    composer: Composer, arguments: list[str], several: bool
) -> None:
    try:
        if several:
            jobs = sweep_of(arguments, composer).jobs
            assert all(len(job.config.config_hash()) == 64 for job in jobs[:3])
        else:
            found = run_of(arguments, composer)
            assert len(found.config_hash()) == 64
    except ConfigError as error:
        line = failure_message(error)
        assert line.isprintable()
        assert 0 < len(line) <= MOST
