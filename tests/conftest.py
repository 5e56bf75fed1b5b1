from __future__ import annotations

import signal

import pytest
from hypothesis import settings

from stochgrad.backends import Backend, get_backend

# The same examples every time: a failure repeats, and a pass is not luck of the day.
settings.register_profile("stochgrad", derandomize=True, deadline=None, database=None)
settings.load_profile("stochgrad")

# A shell starts its background jobs with Ctrl-C ignored, and what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["numpy", "tensorflow"])
def xp(request: pytest.FixtureRequest) -> Backend:
    """Each backend; TensorFlow is imported once a process, and only where a test needs it."""
    return get_backend(request.param)


@pytest.fixture
def tensorflow() -> Backend:
    return get_backend("tensorflow")
