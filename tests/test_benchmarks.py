"""The command that runs benchmarks."""

from __future__ import annotations

import runpy

import pytest


def run() -> object:
    """Run the command that was typed; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("benchmarks", run_name="__main__")
    return ended.value.code


@pytest.mark.parametrize(
    ("typed", "given"),
    [("xor", (5,)), ("xor --repeats 2", (2,)), ("rivals --size 1", (None, 1)), ("sweep", ())],
)
def test_a_benchmark_gets_what_it_takes(
    typed: str, given: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[tuple[object, ...]] = []
    name, *options = typed.split()
    monkeypatch.setattr("sys.argv", ["benchmarks", name, *options])
    monkeypatch.setattr(f"benchmarks.{name}.main", lambda *arguments: got.append(arguments))
    assert run() == 0
    assert got == [given]


@pytest.mark.parametrize(
    "typed",
    [
        "xor --size 1",
        "sweep --repeats 2",
        "workers --repeats 2",
        "survival --repeats 2",
        "xor --repeats 0",
    ],
)
def test_what_has_no_meaning_is_refused(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, option, value = typed.split()
    monkeypatch.setattr("sys.argv", ["benchmarks", name, option, value])
    monkeypatch.setattr(f"benchmarks.{name}.main", lambda *arguments: None)
    assert run() == 2
    assert f"python -m benchmarks: error: {option}" in capsys.readouterr().err
