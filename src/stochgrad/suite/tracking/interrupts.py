"""SIGTERM and Ctrl-C as exceptions, held back while a record would be left half written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Terminated(SystemExit):
    """SIGTERM arrived; unhandled, it ends the process with code 143, as the signal would."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)

    def __str__(self) -> str:
        return "SIGTERM"


def exit_code(interrupt: BaseException) -> int:
    """Return the code of a process that Ctrl-C has ended, 130, or SIGTERM, 143."""
    return 128 + (signal.SIGINT if isinstance(interrupt, KeyboardInterrupt) else signal.SIGTERM)


class Stopped(Exception):  # noqa: N818  (no error: somebody asked for it)
    """A listener ends its run, which is recorded as KILLED with this reason."""


_patience: list[Callable[[], None]] = []
"""Told of the next Ctrl-C, the last first, instead of its being raised."""


@contextmanager
def patient(told: Callable[[], None]) -> Iterator[None]:
    """Call ``told`` at the first Ctrl-C inside the block; only a second one is raised."""
    _patience.append(told)
    try:
        yield
    finally:
        if told in _patience:
            _patience.remove(told)


_unheld: list[bool] = []
"""Not empty while no interrupt is to be held back, nor waited out."""
_installed: list[Interrupts] = []
"""Those that the main thread's blocks have installed, the innermost last."""


@contextmanager
def not_held() -> Iterator[None]:
    """Raise the first Ctrl-C or SIGTERM inside the block at once, whatever else was agreed.

    One that is held back is raised where the block begins.
    """
    _unheld.append(True)
    try:
        if threading.current_thread() is threading.main_thread():
            for interrupts in reversed(_installed):
                interrupts.raise_pending()
        yield
    finally:
        _unheld.pop()


class Interrupts:
    """Raises a signal's exception at once, or, while held, when released.

    Raising holds back further signals, so that what one of them started can be cleaned up.
    """

    def __init__(self) -> None:
        self._held = False
        self._pending: BaseException | None = None
        self._raised: BaseException | None = None

    def check(self) -> None:
        """Raise again what was raised and lost, since work goes on after it.

        Python drops an exception in a destructor, or in the callback of a weak reference.
        """
        if self._raised is not None:
            raise self._raised

    def hold(self) -> None:
        """Hold back the first interrupt from now on; a second one is raised at once."""
        self._held = True

    def release(self) -> None:
        """Raise what was held back, and raise interrupts at once from now on."""
        self._held = False
        pending, self._pending = self._pending, None
        if pending is not None:
            raise pending

    def raise_pending(self) -> None:
        """Raise what was held back, and hold back the next one."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._held, self._raised = True, pending
            raise pending

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if number == signal.SIGINT and _patience and not _unheld:
            _patience.pop()()
            return
        held = self._held and self._pending is None and not _unheld
        self._pending = Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
        if not held:
            self.raise_pending()


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Turn SIGTERM and SIGINT into exceptions inside the block, then restore their handlers.

    A signal that the process ignores stays ignored. Outside the main thread, where Python delivers
    no signals, nothing is installed.
    """
    interrupts = Interrupts()
    replaced: dict[signal.Signals, Callable[[int, FrameType | None], Any] | int] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                handler = signal.getsignal(number)
                # None: installed by C code, and could not be restored.
                if handler is not None and handler != signal.SIG_IGN:
                    replaced[number] = handler
                    signal.signal(number, interrupts.handle)
            _installed.append(interrupts)
        yield interrupts
    finally:
        if interrupts in _installed:
            _installed.remove(interrupts)
        for number, handler in replaced.items():
            signal.signal(number, handler)
        interrupts.release()
