"""A store that is away for a while: calls wait for it, which is said once, and can be given up."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from stochgrad.errors import ConfigError
from stochgrad.suite.tracking.interrupts import not_held
from stochgrad.suite.tracking.quiet import MlflowClient, MlflowException

TELL = 10.0
"""Seconds without an answer after which that is said, whatever the call is still waiting for."""
PAUSE = 1.0
"""Seconds between two attempts."""
FATAL = ("disk", "readonly", "read-only", "unable to open", "no such table", "500 error responses")
"""Words in a store's trouble that waiting does not help against."""


def say(name: str, asked: str, trouble: str) -> None:
    """Say that a store is away."""
    text = f"{name} has not answered since {asked} ({trouble}); waiting (Ctrl-C ends)"
    print(text, file=sys.stderr, flush=True)


@contextmanager
def telling(name: str, trouble: str) -> Iterator[None]:
    """Say that a store is away if the block takes long."""
    timer = threading.Timer(TELL, say, (name, time.strftime("%H:%M"), trouble))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class StoreAwayError(ConfigError):
    """The store is away, and nobody waits for it any more."""


class Patient:
    """MLflow's client; each call waits for a store that is away.

    The first call that finds it away says so, and has kept on disk what is in hand
    (:func:`keeping`). Ctrl-C or SIGTERM gives the store up: from then on calls raise
    :class:`StoreAwayError` at once, until one is answered.
    """

    def __init__(self, client: MlflowClient, name: str) -> None:
        self.client = client
        self._name = name
        self._since: str | None = None
        self._given_up = False
        self._saying = threading.Lock()
        self._keepers: list[Callable[[], None]] = []

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.client, name)
        # A large file takes its time.
        seconds = None if "artifact" in name else TELL
        return partial(self.call, attribute, seconds) if callable(attribute) else attribute

    def call(
        self, function: Callable[..., Any], seconds: float | None, *args: Any, **named: Any
    ) -> Any:
        """Call a function until the store answers.

        Args:
            function: that asks the store.
            seconds: after which a missing answer is said; None for never.
            args: of the function.
            named: of the function.
        """
        while True:
            asked = time.strftime("%H:%M")
            timer = threading.Timer(seconds or 0, self.note, (asked,))
            timer.daemon = True
            if seconds is not None:
                timer.start()
            try:
                answer = function(*args, **named)
            except Exception as error:
                trouble = trouble_of(error)
                if trouble is None:
                    raise
                timer.cancel()
                self.note(asked, trouble)
                self._wait(error)
            except BaseException:  # Ctrl-C, which gives up a store that is known to be away
                self._given_up = self._since is not None
                raise
            else:
                self._since, self._given_up = None, False
                return answer
            finally:
                timer.cancel()

    def note(self, asked: str, trouble: str = "no answer") -> None:
        """Say that the store is away, once until it answers, and have kept what is in hand."""
        with self._saying:  # the timer's thread may be at it, too
            known, self._since = self._since is not None, self._since or asked
        if not known:
            say(self._name, asked, trouble)

    def _wait(self, error: Exception) -> None:
        for keeper in self._keepers:
            keeper()
        self._keepers.clear()
        if self._given_up:
            raise StoreAwayError(f"{self._name}: has not answered since {self._since}") from error
        try:
            with not_held():
                time.sleep(PAUSE)
        except BaseException:
            self._given_up = True
            raise

    @contextmanager
    def keeping(self, keep: Callable[[], None]) -> Iterator[None]:
        """Call ``keep`` if the store is found away inside the block."""
        self._keepers.append(keep)
        try:
            yield
        finally:
            if keep in self._keepers:
                self._keepers.remove(keep)


def patience_of(client: MlflowClient) -> Patient:
    """Return what makes a client patient.

    Raises:
        TypeError: if it is not.
    """
    if not isinstance(client, Patient):
        raise TypeError("this client does not wait")
    return client


def trouble_of(error: Exception) -> str | None:
    """Return why a store is away, in a few words; None if an error is of another kind."""
    import requests  # type: ignore[import-untyped]

    text = str(error)
    if any(word in text.lower() for word in FATAL):
        return None
    if "database is locked" in text or "database table is locked" in text:
        return "the database is locked by another process"
    if not isinstance(error, MlflowException):
        return None
    source = error.__cause__ or error.__context__
    if isinstance(
        source, requests.ConnectionError | requests.Timeout | requests.exceptions.RetryError
    ):
        return type(source).__name__
    if error.error_code == "TEMPORARILY_UNAVAILABLE":
        return "its database does not answer"
    return None
