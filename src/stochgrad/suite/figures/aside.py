"""The figures of a run, drawn with the help of a second process.

Drawing is most of what a short run costs beyond its training. It keeps Python busy, so that threads
do not help. The second process draws what the settings determine while this one trains, and the
rest while it stores the model. They share: each takes the next figure that nobody has begun.
"""

from __future__ import annotations

import io
import pickle
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stochgrad.backends.chatter import interrupts_blocked
from stochgrad.suite.cores import cores
from stochgrad.suite.figures.base import FIGURES, OF_SETTINGS, draw_one
from stochgrad.suite.figures.style import applied
from stochgrad.suite.figures.writing import render, write
from stochgrad.suite.tasks.result import Result

if TYPE_CHECKING:
    from stochgrad.suite.config.schema import RunConfig

LARGEST = 2**24
"""Bytes of a result that are worth sending; one with MNIST's images is larger."""
PATIENCE = 30.0
"""Seconds that a figure may take elsewhere: a process that needs longer has been stopped."""

_helper: _Helper | None = None


@contextmanager
def drawing_aside() -> Iterator[None]:
    """Let a second process help with the figures of the runs meanwhile, if there is a core for it.

    It is started by :mod:`multiprocessing`, which imports the program that runs once more.
    """
    global _helper
    if cores() < 2:
        yield
        return
    _helper = _Helper()
    try:
        yield
    finally:
        _helper.close()
        _helper = None


class Drawing:
    """Figures of one run, on their way to their files."""

    def __init__(
        self, config: RunConfig, result: Result, names: Iterable[str] | None = None
    ) -> None:
        """Begin, if there is a process to help; return at once.

        Args:
            config: of the run.
            result: what it returned; of a failed run, as far as it came.
            names: of the figures; by default all.
        """
        self._run = config, result
        self._names = tuple(FIGURES if names is None else names)
        self._left = deque(self._names)
        self._drawn: dict[str, bytes] = {}
        self._helped: Future[None] | None = None
        if _helper is not None and _helper.listens():
            content = _packed(self._run)
            if content is not None:
                self._helped = _helper.share(self, content)

    @classmethod
    def beforehand(cls, config: RunConfig) -> Drawing:
        """Begin with the figures that can be drawn while a run goes on; its seed is set."""
        assert config.seed is not None
        return cls(config, Result(config.seed), [n for n in FIGURES if n in OF_SETTINGS])

    @classmethod
    def afterwards(cls, config: RunConfig, result: Result) -> Drawing:
        """Begin with the others."""
        return cls(config, result, [n for n in FIGURES if n not in OF_SETTINGS])

    def save(self, folder: Path) -> list[Path]:
        """Draw what nobody has begun, wait for the rest, and write ``folder/<name>.png``.

        A file has the same bytes, whoever has drawn it.

        Returns:
            The files, in the order of the names.
        """
        try:
            self._draw_here()
            if self._helped is not None:
                try:
                    self._helped.result(PATIENCE)
                except TimeoutError:
                    assert _helper is not None
                    _helper.kill()
                    self._helped.result()
                self._draw_here()  # what the helper gave back
        finally:
            self._left.clear()
        return [
            write(folder / f"{name}.png", self._drawn[name])
            for name in self._names
            if self._drawn[name] != NOTHING
        ]

    def take(self) -> Iterator[str]:
        """Yield names of figures that nobody has begun, one after another."""
        while True:
            try:
                name = self._left.popleft()
            except IndexError:
                return
            yield name

    def put(self, name: str, content: bytes) -> None:
        """Keep the content of a figure's file, or ``NOTHING``."""
        self._drawn[name] = content

    def give_back(self, name: str) -> None:
        """Leave a figure to somebody else."""
        self._left.append(name)

    def _draw_here(self) -> None:
        with applied():
            for name in self.take():
                self.put(name, _content(name, *self._run))


NOTHING = b""
"""In place of a figure that does not apply to a run."""


def _content(name: str, config: RunConfig, result: Result) -> bytes:
    """Draw a figure of a run."""
    figure = draw_one(name, config, result)
    return NOTHING if figure is None else render(figure, "png")


class _Helper:
    """A process that draws a figure when it is asked to."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._connection, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there,), daemon=True)
        ensure_running()  # the first process would start it, and let signals in again
        with interrupts_blocked():
            self._process.start()
        there.close()
        self._asking = ThreadPoolExecutor(1, "figures")
        self._listens = False

    def listens(self) -> bool:
        """Return whether it has begun to listen, which takes some seconds, and has not died."""
        if not self._listens and self._connection.poll():
            self._listens = self._answer() is not None
        return self._listens

    def share(self, drawing: Drawing, run: bytes) -> Future[None]:
        """Draw figures of a run, until none is left that nobody has begun."""
        return self._asking.submit(self._share, drawing, run)

    def kill(self) -> None:
        """End the process, whatever it is doing, or was stopped in."""
        self._process.kill()

    def close(self) -> None:
        """End the process and what belongs to it."""
        self.kill()
        self._process.join()
        self._asking.shutdown()
        self._connection.close()

    def _share(self, drawing: Drawing, run: bytes) -> None:
        for name in drawing.take():
            content = self._answer((name, run))
            if content is None:
                drawing.give_back(name)
                return
            drawing.put(name, content)

    def _answer(self, question: tuple[str, bytes] | None = None) -> bytes | None:
        """Return what it says; None if it could not draw the figure, or has died."""
        try:
            if question is not None:
                self._connection.send(question)
            answer: bytes | None = self._connection.recv()
        except (EOFError, OSError):
            self._listens = False
            return None
        return answer


@applied()
def _serve(connection: Connection[Any, Any]) -> None:
    """Draw figures for the process at the other end, until that is gone."""
    with suppress(EOFError, OSError):
        connection.send(NOTHING)
        while True:
            name, run = connection.recv()
            try:
                content = _content(name, *_unpacked(run))
            except Exception:  # who asked draws it again, and has the exception where it belongs
                connection.send(None)
            else:
                connection.send(content)


class _Limited(io.BytesIO):
    """Bytes in memory, but no more than ``LARGEST``."""

    def write(self, content: Any) -> int:
        if self.tell() + memoryview(content).nbytes > LARGEST:
            raise OverflowError
        return super().write(content)


def _packed(run: tuple[RunConfig, Result]) -> bytes | None:
    """Return a run as bytes; None if it is too large, or has what cannot be pickled."""
    file = _Limited()
    try:
        pickle.dump(run, file)
    except Exception:  # whatever it is, the run can be drawn here
        return None
    return file.getvalue()


@lru_cache(1)
def _unpacked(run: bytes) -> tuple[RunConfig, Result]:
    found: tuple[RunConfig, Result] = pickle.loads(run)  # from the process that started this one
    return found
