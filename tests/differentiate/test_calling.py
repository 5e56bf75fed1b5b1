"""f in processes of its own: the same values, and no process that waits for what never comes."""

from __future__ import annotations

import math
import multiprocessing
import os
import pickle
import sys
from functools import partial
from multiprocessing.pool import ThreadPool
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from stochgrad import derivative, gradient
from stochgrad.differentiate.calling import start_context
from stochgrad.errors import ConfigError

X = np.array([0.3, -0.7, 1.1])


def scaled(x: float, factor: float) -> float:
    return factor * math.sin(x)


def slow(x: Any) -> float:
    return math.sin(x[0]) + math.sin(x[1]) + math.sin(x[2])


def ends_its_process(x: float) -> float:
    os._exit(1)


@pytest.mark.parametrize("workers", [2, map])
def test_workers_change_nothing(workers: Any) -> None:
    f = partial(scaled, factor=2.0)
    plain, spread = (derivative(f, 1.0, seed=0, workers=w) for w in (1, workers))
    assert plain.df == spread.df


def test_workers_of_a_gradient() -> None:
    with ThreadPool(2) as pool:
        assert gradient(slow, X, workers=pool.map, seed=0).df == pytest.approx(np.cos(X))
    assert gradient(slow, X, workers=2, seed=0).df == pytest.approx(np.cos(X))


@pytest.mark.parametrize("workers", [0, -2, True, 1.5, "2"])
def test_workers_that_cannot_be(workers: Any) -> None:
    with pytest.raises(ConfigError, match=rf"^workers={workers}: must be a number of processes"):
        derivative(np.sin, 1.0, workers=workers)


def test_a_function_that_processes_cannot_have() -> None:
    with pytest.raises(ConfigError, match="workers=2: f cannot be sent to a process; define it at"):
        gradient(lambda x: float(np.sin(x).sum()), X, workers=2)


def test_a_process_that_ends_is_told_and_not_waited_for() -> None:
    with pytest.raises(ConfigError, match=r"^workers=2: a process ended before it had answered"):
        derivative(ends_its_process, 1.0, workers=2)


@pytest.mark.parametrize("library", ["jax", "tensorflow"])
def test_beside_threads_of_a_library_nothing_is_forked(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("jax", "tensorflow"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    sent = pickle.dumps(scaled)
    usual = multiprocessing.get_context().get_start_method()
    assert start_context(sent).get_start_method() == usual
    monkeypatch.setitem(sys.modules, library, ModuleType(library))
    assert start_context(sent).get_start_method() != "fork"
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))  # in no file
    assert start_context(sent).get_start_method() != "fork"
    assert start_context(b"of __main__").get_start_method() == usual


def test_a_process_that_is_spawned_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", sys.modules.get("jax", ModuleType("jax")))
    f = partial(scaled, factor=2.0)
    assert derivative(f, 1.0, seed=0, workers=2).df == derivative(f, 1.0, seed=0).df
