import os
from collections.abc import Iterator

import pytest

from stochgrad.suite.cores import cores


@pytest.fixture
def bound() -> Iterator[None]:
    """This process on one core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.usefixtures("bound")
def test_cores_that_are_kept_from_this_process_do_not_count() -> None:
    assert cores() == 1


def test_where_the_system_does_not_tell_all_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7
