"""Start-up messages of native libraries, which no setting of theirs silences."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

CHATTER = (
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|I0000 .*(oneDNN custom operations are on|Could not find cuda drivers)"
    rb"|E0000 .*failed call to cuInit: .*\(303\)"  # 303: there is no driver, so no GPU
)
FILTER = f"""
import re, sys
for line in sys.stdin.buffer:
    if not re.match({CHATTER!r}, line):
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""
LONGEST_WAIT = 5.0
"""Seconds to wait for the last lines, should another process hold the pipe open."""


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Keep Ctrl-C, which a terminal sends to every process, from one that is started meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def chatter_hidden() -> Iterator[None]:
    """Drop known start-up messages from the standard error inside the block; pass on all others.

    Another process filters, so that the last words of a crash are not lost.
    """
    try:
        own = os.dup(2)
    except OSError:  # no standard error, nothing to filter
        yield
        return
    with interrupts_blocked():  # it ends with the process that it reads from
        reader = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", FILTER], stdin=subprocess.PIPE, stderr=own
        )
    assert reader.stdin is not None
    os.dup2(reader.stdin.fileno(), 2)
    reader.stdin.close()
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(own, 2)
        os.close(own)
        try:
            reader.wait(LONGEST_WAIT)
        except subprocess.TimeoutExpired:
            reader.kill()
