"""What a problem is, the kinds that have been registered, and how one is drawn."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.problems.drawing import Draw, generator
from benchmarks.problems.namespaces import EXACT, FLOATS, mp
from benchmarks.problems.rounding import ErrorModel, with_error

Formula = Callable[[Any, Any], Any]
"""``f(x, m)``, over a namespace of elementwise functions."""


@dataclass(frozen=True)
class Problem:
    """A function, a point, and what its derivative is there.

    Attributes:
        f: elementwise, in the dtype of its argument; noise is drawn afresh in every call.
        x: a number that the dtype has.
        slopes: exact. The first is the derivative. Others are as right: the slope between the steps
            of a staircase, or that of the curve which the steps follow. Without a derivative, the
            slopes of the two sides, from the left and from the right; they may be infinite.
        differentiable: whether there is a derivative; where not, a status is the right answer.
        ideal: f in 50 digits, without noise, rounding and quantisation; where a function and its
            ideal have different slopes, that of ``ideal`` is among ``slopes``.
    """

    f: Callable[[Any], Any]
    x: float
    slopes: tuple[float, ...]
    differentiable: bool
    ideal: Callable[[Any], Any]


@dataclass(frozen=True)
class Kind:
    """A registered kind: its name, its category, and what draws one."""

    name: str
    category: str
    draw: Callable[[Draw], Problem]


KINDS: dict[str, Kind] = {}


def kind(category: str) -> Callable[[Callable[[Draw], Problem]], Callable[[Draw], Problem]]:
    """Register a generator of problems under its own name."""

    def register(draw: Callable[[Draw], Problem]) -> Callable[[Draw], Problem]:
        name = getattr(draw, "__name__", "").replace("_", " ")
        KINDS[name] = Kind(name, category, draw)
        return draw

    return register


def problem(
    formula: Formula,
    x: float,
    *slopes: Any,
    values: Callable[[Any], Any] | None = None,
    differentiable: bool = True,
) -> Problem:
    """Make a problem.

    Args:
        formula: ``f(x, m)``.
        x: the point.
        *slopes: exact ones, as numbers or as functions of x in 50 digits.
        values: what is evaluated instead of the formula, where that is its ideal.
        differentiable: whether there is a derivative at x.
    """
    at = mp.mpf(x)
    found = tuple(float(slope(at) if callable(slope) else slope) for slope in slopes)

    def evaluate(points: Any) -> Any:
        points = np.asarray(points)
        with np.errstate(all="ignore"):
            result = np.asarray(formula(points, FLOATS) if values is None else values(points))
        return result.astype(points.dtype, copy=False)

    return Problem(evaluate, x, found, differentiable, lambda u: formula(u, EXACT))


def draw_problem(
    kind: Kind, seed: int, index: int, dtype: str = "float64", errors: ErrorModel = "none"
) -> Problem:
    """Draw a problem of a kind; the same arguments give the same one, with fresh noise.

    Args:
        kind: one of :data:`KINDS`.
        seed: any integer.
        index: number of the problem.
        dtype: of x and of the parameters.
        errors: of the last places, on top of f's own.
    """
    draw = Draw(generator(seed, zlib.crc32(kind.name.encode()), index), dtype)
    found = kind.draw(draw)
    f = with_error(found.f, errors, draw.key())
    return Problem(f, found.x, found.slopes, found.differentiable, found.ideal)
