"""Signals become exceptions at a time of our choosing, and handlers are put back."""

from __future__ import annotations

import os
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from stochgrad.suite.tracking.interrupts import Interrupts, Terminated, interruptible, not_held


def send(number: int) -> None:
    os.kill(os.getpid(), number)
    for _ in range(1000):  # Python handles a signal between two bytecodes
        pass


@pytest.fixture(autouse=True)
def _handlers_are_put_back() -> Iterator[None]:
    before = [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)]
    yield
    assert [signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)] == before


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_signal_is_raised_at_once(number: int, error: type[BaseException]) -> None:
    done = []

    def work() -> None:
        with interruptible():
            done.append("before")
            send(number)
            done.append("after")

    with pytest.raises(error):
        work()
    assert done == ["before"]


def test_sigterm_ends_a_process_with_the_code_of_the_signal() -> None:
    assert Terminated().code == 143


@contextmanager
def held(done: list[str]) -> Iterator[Interrupts]:
    """Hold back a SIGTERM that has come."""
    with interruptible() as interrupts:
        interrupts.hold()
        send(signal.SIGTERM)
        done.append("held")
        yield interrupts


def test_a_held_signal_is_raised_on_release() -> None:
    done: list[str] = []

    def work() -> None:
        with held(done) as interrupts:
            interrupts.release()
            done.append("released")

    with pytest.raises(Terminated):
        work()
    assert done == ["held"]


@pytest.mark.parametrize("nested", [False, True])
def test_a_held_signal_is_raised_where_nothing_is_held(nested: bool) -> None:
    done: list[str] = []

    def work() -> None:
        with held(done), interruptible() if nested else nullcontext(), not_held():
            done.append("not held")

    with pytest.raises(Terminated):
        work()
    assert done == ["held"]


def test_a_second_signal_breaks_through() -> None:
    done = []

    def work() -> None:
        with interruptible() as interrupts:
            interrupts.hold()
            send(signal.SIGTERM)
            done.append("first")
            send(signal.SIGINT)
            done.append("second")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["first"]


@pytest.mark.parametrize("other", [None, ValueError("something else")])
def test_a_held_signal_outlives_the_block(other: Exception | None) -> None:
    """Even if another exception ends it: otherwise a sweep would go on to its next run."""

    def work() -> None:
        with interruptible() as interrupts:
            interrupts.hold()
            send(signal.SIGTERM)
            if other is not None:
                raise other

    with pytest.raises(Terminated) as error:
        work()
    assert error.value.__context__ is other


def test_while_cleaning_up_after_one_signal_the_next_is_held() -> None:
    done = []

    def work() -> None:
        with interruptible():
            try:
                send(signal.SIGTERM)
            finally:
                send(signal.SIGINT)
                done.append("cleaned up")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["cleaned up"]


def test_blocks_nest() -> None:
    done = []

    def work() -> None:
        with interruptible() as outer:
            outer.hold()
            with interruptible():
                pass
            send(signal.SIGTERM)
            done.append("held by the outer block")
            outer.release()

    with pytest.raises(Terminated):
        work()
    assert done == ["held by the outer block"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_python_dropped_is_raised_at_the_next_check() -> None:
    class Owner:
        pass

    done = []

    def work() -> None:
        with interruptible() as interrupts:
            interrupts.check()
            owner = Owner()
            watched = weakref.ref(owner, lambda _: send(signal.SIGINT))
            del owner  # the callback's exception goes nowhere
            done.append(watched())
            interrupts.check()

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [None]


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            send(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_is_installed() -> None:
    installed = []

    def work() -> None:
        with interruptible():
            installed.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert installed == [signal.getsignal(signal.SIGTERM)]


def test_release_without_a_signal_does_nothing() -> None:
    interrupts = Interrupts()
    interrupts.hold()
    interrupts.release()
