"""Functions whose derivatives are known and hard to get from values: a registry of *kinds*.

A kind draws a :class:`Problem` at random: a function, a point and the exact derivative there. The
function is written once, over a namespace ``m``: :data:`FLOATS` evaluates it in NumPy, in the
precision of its argument, and :data:`EXACT` in 50 digits of mpmath.
"""

from benchmarks.problems.drawing import Draw
from benchmarks.problems.kinds import KINDS, Kind, Problem, draw_problem
from benchmarks.problems.namespaces import EXACT, FLOATS
from benchmarks.problems.rounding import CORRELATED_ERRORS, ErrorModel

for _module in (
    "cancellation", "computed", "integrals", "kinks", "noise", "precision", "quantised", "scales",
    "special",
):  # fmt: skip
    __import__(f"{__name__}.{_module}")

__all__ = [
    "CORRELATED_ERRORS", "EXACT", "FLOATS", "KINDS", "Draw", "ErrorModel", "Kind", "Problem",
    "draw_problem",
]  # fmt: skip
