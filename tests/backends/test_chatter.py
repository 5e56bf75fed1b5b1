"""Known start-up messages are dropped, and nothing else, not even of a process that crashes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from stochgrad.backends.chatter import CHATTER

KNOWN = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1.0 1 port.cc:153] oneDNN custom operations are on. You may see slightly",
    "I0000 00:00:1.0 1 cudart_stub.cc:31] Could not find cuda drivers on your machine",
    "E0000 00:00:1.0 1 cuda_platform.cc:52] failed call to cuInit: INTERNAL: UNKNOWN ERROR (303)",
]
OTHERS = [
    "E0000 00:00:1.0 1 cuda_platform.cc:52] failed call to cuInit: INTERNAL: no memory (2)",
    "W0000 00:00:1.0 1 other.cc:1] a warning",
    "I0000 00:00:1.0 1 other.cc:1] another message",
    "Traceback (most recent call last):",
]


def stderr_of(inside: str, after: str = "") -> list[str]:
    code = f"""
import os, sys
import pytest

from stochgrad.backends import chatter
from stochgrad.backends.chatter import chatter_hidden
chatter.LONGEST_WAIT = 600.0
lines = {KNOWN + OTHERS!r}
with chatter_hidden():
    os.write(2, "".join(line + chr(10) for line in lines).encode())
    {inside}
{after}
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    return done.stderr.splitlines()


def test_every_known_message_is_recognised() -> None:
    assert [line for line in KNOWN + OTHERS if re.match(CHATTER, line.encode())] == KNOWN


def test_only_known_messages_are_dropped() -> None:
    assert stderr_of("print('own', file=sys.stderr)") == [*OTHERS, "own"]


def test_afterwards_nothing_is_dropped() -> None:
    assert stderr_of("pass", "print(lines[0], file=sys.stderr)") == [*OTHERS, KNOWN[0]]


def test_last_words_of_a_crash_arrive() -> None:
    assert stderr_of("os.write(2, b'last words'); os.abort()") == [*OTHERS, "last words"]


def test_ctrl_c_does_not_reach_who_filters() -> None:
    both = "os.killpg(os.getpgid(0), signal.SIGINT)"
    inside = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {both}"
    assert stderr_of(inside) == OTHERS


@pytest.mark.tensorflow
@pytest.mark.slow
def test_importing_the_backend_says_nothing_of_it() -> None:
    code = "from stochgrad.backends import get_backend; get_backend('tensorflow')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not [line for line in done.stderr.encode().splitlines() if re.match(CHATTER, line)]


@pytest.mark.tensorflow
@pytest.mark.slow
def test_programs_of_many_learners_are_compiled_without_a_warning() -> None:
    code = """
import pytest

from stochgrad.backends import get_backend
xp = get_backend("tensorflow")
for shift in range(7):
    xp.compile(lambda x: x + shift)(xp.asarray([1.0]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "retracing" not in done.stderr
