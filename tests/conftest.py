from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from stochgrad.backends import Backend, get_backend

# Some tests import MLflow by itself, which then announces the migrations of fresh databases.
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")

# The same examples every time: a failure repeats, and a pass is not luck of the day.
settings.register_profile("stochgrad", derandomize=True, deadline=None, database=None)
settings.load_profile("stochgrad")

# A shell starts its background jobs with Ctrl-C ignored, and what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


# It takes seconds to import, and every program that it compiles another part of one.
TENSORFLOW = (pytest.mark.tensorflow, pytest.mark.slow)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tensorflow" in getattr(item, "fixturenames", ()):
            for mark in TENSORFLOW:
                item.add_marker(mark)
        if "tests/system" in item.path.as_posix():
            item.add_marker(pytest.mark.system)


@pytest.fixture(params=["numpy", pytest.param("tensorflow", marks=TENSORFLOW)])
def xp(request: pytest.FixtureRequest) -> Backend:
    """Each backend; TensorFlow is imported once a process, and only where a test needs it."""
    return get_backend(request.param)


@pytest.fixture
def tensorflow() -> Backend:
    return get_backend("tensorflow")
