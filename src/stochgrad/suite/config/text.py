"""How values and arguments are shown in messages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from stochgrad.suite.paths import without_password

MOST = 300
"""Characters of a message."""
MOST_TYPED = 80
"""Characters of an argument in a message."""


def first_line(error: BaseException) -> str:
    """Return what an error says first; its name, if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def shortened(text: str, most: int = MOST_TYPED) -> str:
    """Return a text in one line that shows no password; of a long one, its start and its end.

    >>> shortened("task=" + 4301 * "1", most=20)
    'task=1111111 … 11111'
    """
    line = without_password(" ".join(text.splitlines()))
    if len(line) <= most:
        return line
    end = most // 4
    return f"{line[: most - end - 3]} … {line[-end:]}"


def as_value(value: object) -> str:
    """Return a value as it is typed.

    >>> as_value({"a": [None, True, 1e-05]})
    '{a:[null,true,1e-05]}'
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{as_value(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(as_value, value))}]"
    return str(value)


def either(names: Iterable[str]) -> str:
    """Return names of which one is to be taken.

    >>> either(["a", "b", "c"])
    'a, b or c'
    """
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def allowed(names: Iterable[str], where: str = "--help") -> str:
    """Return which names there are; of more than a message holds, what lists them.

    >>> allowed(["a", "b"])
    'allowed: a, b'
    >>> allowed(map(str, range(1000)))
    'allowed: the 1000 that --help lists'
    """
    found = list(names)
    text = ", ".join(found)
    fits = len(text) <= MOST - MOST_TYPED - 40  # beside what was typed, and what is wrong with it
    return f"allowed: {text if fits else f'the {len(found)} that {where} lists'}"


def rounded_up(value: float) -> float:
    """Return the next number of three digits: one that is said to be enough has to be.

    >>> rounded_up(2**-23)
    1.2e-07
    """
    unit: float = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{math.ceil(value / unit) * unit:.3g}")
