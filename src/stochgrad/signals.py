"""Ctrl-C: kept from processes that are started to help, and not lost in this one."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SOON = 0.05
"""Seconds after which a signal that was lost is delivered again."""


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C, which a terminal sends to every process, from one that is started meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Deliver Ctrl-C again where Python ignored it.

    It does where a destructor happened to run, or a callback of the garbage collector: nothing that
    is raised there comes out.
    """
    tell = sys.unraisablehook

    def hook(what: sys.UnraisableHookArgs) -> None:
        if isinstance(what.exc_value, KeyboardInterrupt):
            deliver_again(signal.SIGINT)
        else:
            tell(what)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = tell


def deliver_again(number: signal.Signals) -> None:
    """Send this process a signal soon: at once, it would be lost in the same place."""
    later = threading.Timer(SOON, os.kill, [os.getpid(), number])
    later.daemon = True
    later.start()
