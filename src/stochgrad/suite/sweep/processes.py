"""The workers of this machine: processes, each of which carries out one job at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context
from multiprocessing.resource_tracker import ensure_running
from typing import Any

from stochgrad.backends.chatter import interrupts_blocked
from stochgrad.errors import ConfigError
from stochgrad.suite.sweep.job import GRACE, LOOK, THREADS, Assignment, JobResult, carry_out
from stochgrad.suite.tasks.result import Progress
from stochgrad.suite.tracking import Stopped
from stochgrad.suite.tracking.run import Run

READY, ENDED, BROKEN = "ready", "ended", "broken"
"""What a worker says: that it has imported what it needs, how a job ended, or why it did not."""


class Processes:
    """Workers that are started when there is work, and again when they have died."""

    def __init__(self, workers: int, threads: int, run: Run) -> None:
        self._workers, self._threads, self._run = workers, threads, run
        self._idle: list[_Worker] = []
        self._busy: dict[_Worker, Assignment] = {}

    @property
    def free_slots(self) -> int:
        return self._workers - len(self._busy)

    @property
    def running(self) -> list[Assignment]:
        return list(self._busy.values())

    def start(self) -> None:
        """Start all workers, and wait until one can work."""
        for _ in range(self._workers):  # one by one: Ctrl-C may come between two of them
            self._idle.append(_Worker(self._threads))
        while not any(worker.connection.poll(LOOK) for worker in self._idle):
            pass
        if not any(worker.is_ready() for worker in self._idle):
            raise ConfigError(
                "sweep.workers: no worker process could be started; sweep.workers=1 needs none"
            )

    def submit(self, assignment: Assignment) -> None:
        worker = self._idle.pop() if self._idle else _Worker(self._threads)
        self._busy[worker] = assignment
        with suppress(OSError):  # it has died, as waiting for it will tell
            worker.connection.send((assignment, self._run))

    def wait(self) -> JobResult | None:
        heard = connection.wait([worker.connection for worker in self._busy], LOOK)
        for worker in [worker for worker in self._busy if worker.connection in heard]:
            try:
                what, said = worker.connection.recv()
            except (EOFError, OSError):
                return JobResult(self._busy.pop(worker), lost="its worker died")
            if what != READY:
                self._idle.append(worker)
                lost = said if what == BROKEN else ""
                return JobResult(self._busy.pop(worker), None if lost else said, lost)
        return None

    def stop(self) -> list[JobResult]:
        for worker in self._busy:
            worker.process.terminate()  # which ends its run as KILLED
        deadline = time.monotonic() + GRACE
        for worker in self._busy:
            worker.process.join(max(0.0, deadline - time.monotonic()))
        return []

    def close(self) -> None:
        """End the workers."""
        for worker in (*self._idle, *self._busy):
            worker.process.kill()
        for worker in (*self._idle, *self._busy):
            worker.process.join()
            worker.connection.close()


class _Worker:
    """A process, and the connection to it."""

    def __init__(self, threads: int) -> None:
        context = get_context("spawn")
        self.connection, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(there, os.getpid()), daemon=True)
        ensure_running()  # the first process would start it, and let signals in again
        with _environment(dict.fromkeys(THREADS, str(threads))), interrupts_blocked():
            self.process.start()
        there.close()

    def is_ready(self) -> bool:
        """Return whether it has said that it is; False if it has not, or has died."""
        try:
            return self.connection.poll() and self.connection.recv()[0] == READY
        except (EOFError, OSError):
            return False


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables for a process that is started inside the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _serve(there: connection.Connection[Any, Any], parent: int) -> None:
    """Carry out jobs, until the process at the other end is gone."""

    def listen(told: Progress) -> None:
        if os.getppid() != parent:
            raise Stopped("the process that started the sweep is gone")

    with suppress(EOFError, OSError):
        there.send((READY, None))
        while True:
            assignment, run = there.recv()
            answer: tuple[str, Any]
            try:
                answer = ENDED, carry_out(assignment, run, listen)
            except Exception as error:
                answer = BROKEN, f"{type(error).__name__}: {error}"
            there.send(answer)


@contextmanager
def open_processes(workers: int, threads: int, run: Run) -> Iterator[Processes]:
    """Start workers, each with so many threads of the numerical libraries.

    Raises:
        ConfigError: if none can be started.
    """
    pool = Processes(workers, threads, run)
    try:
        pool.start()
        yield pool
    finally:
        pool.close()
