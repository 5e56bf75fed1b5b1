"""Ctrl-C: kept from processes that are started to help, and not lost in this one."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SOON = 0.05
"""Seconds after which a signal that was lost is delivered again."""


def interrupt(error: BaseException | None) -> signal.Signals | None:
    """Return the signal that Python itself turned into an exception; None if it is another one."""
    return signal.SIGINT if isinstance(error, KeyboardInterrupt) else None


@contextmanager
def not_swallowed(
    origin: Callable[[BaseException | None], signal.Signals | None] = interrupt,
) -> Iterator[None]:
    """Deliver a signal again where Python ignored its exception.

    It does where a destructor happened to run, or a callback of the garbage collector: nothing that
    is raised there comes out.

    Args:
        origin: returns the signal that an exception came from, or None.
    """
    tell = sys.unraisablehook

    def hook(what: sys.UnraisableHookArgs) -> None:
        number = origin(what.exc_value)
        if number is None:
            tell(what)
            return
        # At once, it would be lost in the same place.
        later = threading.Timer(SOON, os.kill, [os.getpid(), number])
        later.daemon = True
        later.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = tell
