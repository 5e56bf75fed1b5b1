from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stochgrad.suite.figures import Drawing, aside, draw, drawing_aside, save
from stochgrad.suite.tasks.result import Curve, Result

from .synthetic import make_config, xor_result

pytestmark = pytest.mark.slow

CONFIG = make_config("xor", replicates=3)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def result() -> Result:
    return xor_result(3)


@pytest.fixture(scope="module")
def expected(result: Result, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("here")
    save(draw(CONFIG, result), folder)
    return files(folder)


@pytest.fixture
def helper() -> Iterator[aside._Helper]:
    """A process that has begun to listen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aside, "cores", lambda: 2)
        with drawing_aside():
            found = aside._helper
            assert found is not None
            wait_for(found.listens)
            yield found


def test_some_figures_need_no_result(
    result: Result, expected: dict[str, bytes], tmp_path: Path
) -> None:
    begun = Drawing.beforehand(CONFIG.model_copy(update={"seed": result.seed}))
    assert [path.stem for path in begun.save(tmp_path)] == ["activation"]
    Drawing.afterwards(CONFIG, result).save(tmp_path)
    assert files(tmp_path) == expected


def test_without_a_second_process(
    result: Result, expected: dict[str, bytes], tmp_path: Path
) -> None:
    Drawing(CONFIG, result).save(tmp_path)
    assert files(tmp_path) == expected


def test_a_machine_with_one_core_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "cores", lambda: 1)
    with drawing_aside():
        assert aside._helper is None


def test_the_second_process_draws_the_same_bytes(
    helper: aside._Helper, result: Result, expected: dict[str, bytes], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    drawing = Drawing(CONFIG, result)
    wait_for(lambda: not drawing._left)
    monkeypatch.delattr(aside, "draw_one")  # nothing is left to be drawn here
    drawing.save(tmp_path)
    assert files(tmp_path) == expected


@pytest.mark.parametrize("begun", [True, False])
def test_figures_of_a_process_that_dies_are_drawn_here(
    begun: bool, helper: aside._Helper, result: Result, expected: dict[str, bytes], tmp_path: Path
) -> None:
    process = helper._process
    if not begun:
        process.kill()
        process.join()
    drawing = Drawing(CONFIG, result)
    if begun:
        process.kill()
    drawing.save(tmp_path / "first")
    Drawing(CONFIG, result).save(tmp_path / "second")
    assert files(tmp_path / "first") == files(tmp_path / "second") == expected


def test_a_process_that_is_stopped_is_given_up(
    helper: aside._Helper, result: Result, expected: dict[str, bytes], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(aside, "PATIENCE", 0.1)
    assert helper._process.pid is not None
    os.kill(helper._process.pid, signal.SIGSTOP)
    Drawing(CONFIG, result).save(tmp_path)
    assert files(tmp_path) == expected
    assert not helper.listens()


def test_a_process_that_is_stopped_does_not_outlive_the_sweep() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aside, "cores", lambda: 2)
        with drawing_aside():
            assert aside._helper is not None
            process = aside._helper._process
            assert process.pid is not None
            os.kill(process.pid, signal.SIGSTOP)
    assert process.exitcode == -signal.SIGKILL


def test_a_run_that_cannot_be_pickled_is_drawn_here(
    helper: aside._Helper, result: Result, expected: dict[str, bytes], tmp_path: Path
) -> None:
    class Local(float):
        pass

    drawing = Drawing(CONFIG, replace(result, metrics={"root": Local(1.0)}))
    assert drawing._helped is None
    drawing.save(tmp_path)
    assert files(tmp_path) == expected


def test_what_a_figure_raises_is_raised_here(helper: aside._Helper, tmp_path: Path) -> None:
    bent = Curve(np.arange(3), np.zeros((2, 1)), "step")
    result = replace(xor_result(1), curves={"train_loss": bent})
    drawing = Drawing(CONFIG, result)
    wait_for(lambda: drawing._helped is not None and drawing._helped.done())
    with pytest.raises(IndexError):
        drawing.save(tmp_path)
    assert helper.listens()


def test_a_result_with_many_images_is_not_sent(
    helper: aside._Helper, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "LARGEST", 100)
    assert Drawing(CONFIG, result)._helped is None


def test_the_second_process_ends_with_one_that_is_killed() -> None:
    program = (
        "import time\n"
        "from stochgrad.suite.figures import aside\n"
        "aside.cores = lambda: 2\n"
        "with aside.drawing_aside():\n"
        "    while not aside._helper.listens(): time.sleep(0.02)\n"
        "    print(aside._helper._process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not a zombie that nobody has waited for."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
