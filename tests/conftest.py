from __future__ import annotations

import os
import signal
from pathlib import Path

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


# What takes seconds before a test begins: to import it, or to create all its tables.
SECONDS = {"tensorflow", "compiled", "empty_database"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        needs = SECONDS.intersection((*getattr(item, "fixturenames", ()), *map(str, given)))
        if needs - {"empty_database"}:
            item.add_marker(pytest.mark.tensorflow)
        if needs:
            item.add_marker(pytest.mark.slow)
        if "tests/system" in item.path.as_posix():
            item.add_marker(pytest.mark.system)


@pytest.fixture(params=["numpy", "tensorflow"])
def xp(request: pytest.FixtureRequest) -> Backend:
    """Each backend; TensorFlow is imported once a process, and only where a test needs it."""
    return get_backend(request.param)


@pytest.fixture
def tensorflow() -> Backend:
    return get_backend("tensorflow")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of MLflow's with all its tables, which take seconds to create, to be copied."""
    from stochgrad.suite.tracking.store import Location, connect  # the core is tested without it

    database = tmp_path_factory.mktemp("template") / "mlflow.db"
    connect(Location(f"sqlite:///{database}", database))
    return database
