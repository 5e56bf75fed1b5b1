"""The command that runs benchmarks: options are the parameters of each one's ``main``."""

from __future__ import annotations

import runpy
from typing import Any

import pytest


def run() -> object:
    """Run the command that was typed; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("benchmarks", run_name="__main__")
    return ended.value.code


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, given: dict[str, Any]) -> None:
    """Replace a benchmark by a function that has its parameters, and notes what it is given."""
    from importlib import import_module

    real = import_module(f"benchmarks.{name}").main

    def main(**options: Any) -> None:
        given.update(options)

    main.__wrapped__ = real  # type: ignore[attr-defined]  # whose signature is read
    main.__annotations__ = real.__annotations__
    monkeypatch.setattr(f"benchmarks.{name}.main", main)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("xor", {"repeats": 5}),
        ("xor --repeats 2", {"repeats": 2}),
        ("predictions --size 1", {"repeats": 400, "size": 1}),
        ("rivals --seed -3", {"seed": -3, "cases": 40, "replicates": 100, "output": ""}),
        ("sweep", {}),
    ],
)
@pytest.mark.slow
def test_a_benchmark_gets_what_it_takes(
    typed: str, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("sys.argv", ["benchmarks", *typed.split()])
    stand_in(monkeypatch, typed.split()[0], given)
    assert run() == 0
    assert given == expected


@pytest.mark.parametrize(
    "typed",
    [
        "xor --size 1",
        "sweep --repeats 2",
        "workers --repeats 2",
        "survival --repeats 2",
        "xor --repeats 0",
        "killers --dtype float16",
        "killers --points 0",
    ],
)
def test_what_has_no_meaning_is_refused(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr("sys.argv", ["benchmarks", *typed.split()])
    stand_in(monkeypatch, typed.split()[0], given)
    assert run() == 2
    assert not given
    assert typed.split()[1] in capsys.readouterr().err
