"""A store that is away: who gives it up waits no longer, whenever that was."""

from __future__ import annotations

from typing import Any

import pytest

from stochgrad.suite.tracking import away
from stochgrad.suite.tracking.away import Patient, StoreAwayError

LOCKED = RuntimeError("database is locked")


class Client:
    """Does one thing after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def ask(self) -> str:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return str(answer)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(away, "PAUSE", 0.0)


def patient(*answers: Any) -> Any:
    return Patient(Client(*answers), "store")  # type: ignore[arg-type]


def test_a_store_is_waited_for_and_that_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert patient(LOCKED, LOCKED, "here").ask() == "here"
    said = capsys.readouterr().err
    assert said.startswith("store has not answered since ")
    assert said.count("\n") == 1


def test_ctrl_c_gives_up_a_store_that_is_away_also_while_it_is_asked() -> None:
    client = patient(LOCKED, KeyboardInterrupt(), LOCKED, LOCKED, "here", LOCKED, "again")
    with pytest.raises(KeyboardInterrupt):
        client.ask()
    for _ in range(2):
        with pytest.raises(StoreAwayError):
            client.ask()
    assert (client.ask(), client.ask()) == ("here", "again")


def test_ctrl_c_does_not_give_up_a_store_that_answers() -> None:
    client = patient(KeyboardInterrupt(), LOCKED, "here")
    with pytest.raises(KeyboardInterrupt):
        client.ask()
    assert client.ask() == "here"
