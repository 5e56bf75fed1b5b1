"""What an estimate will be off by, before it is made: truncation, jitter, rounding, noise.

With ``f(x + u) = Σ βₖuᵏ``, ``βₖ = f⁽ᵏ⁾/k!``, a step ``h = ε·scale`` and the moments cₖ of
:mod:`stochgrad.theory.moments`, an estimate has

- bias ``Σₖ≥₂ βₖ hᵏ⁻¹ E[cₖ]``,
- variance from the jitter of steps ``Σₖₗ≥₂ βₖβₗ hᵏ⁺ˡ⁻² Cov[cₖ, cₗ]/N``,
- variance from noise of variance σ² in every value ``σ²/h²·(gain/N + shared)``,
- from the rounding of values the same with ρ² for σ², ``ρ = ulp(f)/√12`` for a correctly rounded
  f. What is shared does not vary from one estimate to another: it is one number that nobody knows,
- from the rounding of ``x ± a``, where the nominal step divides, ``f′²ulp(x)²/12`` more for ρ²,
- from the rounding of the mean to the dtype of x ``0.54·(eps·f′)²/12``: 0.54^½ is the root mean
  square of ``ulp(s)/(eps·s)`` over a binade. The notebook's running sum in that dtype has
  ``N/36 + 1/12`` for 1/12: its k-th addition rounds a sum near ``k·f′``.

Leading terms by estimator (h absolute, N draws, derivations in :mod:`stochgrad.theory.moments`):

================  ======================  ==================  =============================
estimator         bias                    jitter, std         noise, std
================  ======================  ==================  =============================
forward           hf″/2                   –                   √2·σ/h
central_fixed     h²f‴/6                  –                   σ/(√2h)
central           h²f‴/6·(1 + 2j²/3)      h|f″|j/√(6N)        σ/(h√(2N)), small j
three_slope       0.337·hf″               0.135·h|f″|/√N      3.1σ/h: f(x) is not averaged
quadratic         −0.25·h²f‴/6            –                   9.3σ/h: f(x) is not averaged
regression        O(h^(K+1)), K odd       –                   Kσ/(h√(2N))
richardson        O(h⁸)                   –                   8.3σ/h
================  ======================  ==================  =============================

Reference: the error model of N. J. Higham, "Accuracy and stability of numerical algorithms",
2nd ed. (2002), ch. 1; J. J. Moré and S. M. Wild, "Estimating derivatives of noisy simulations",
ACM Trans. Math. Softw. 38 (2012), for steps chosen from noise and a higher derivative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stochgrad.stencils.base import Estimator
from stochgrad.stencils.stencil import Floats
from stochgrad.theory.moments import Moments, moments

BINADE = 3 / (8 * np.log(2))
"""Mean of ``(ulp(s)/(eps·s))²`` over a binade, s uniform in its logarithm: 0.54."""
FIXED = 0.25
"""The largest part of the mean square error that may be one unknown number for all seeds."""
TAIL = 0.3
"""The largest part of the error that the Taylor terms that are not known may have."""
FLOATS = 8
"""Steps span at least so many floats, or rounding changes how they are distributed."""
TEETH = 3
"""Times √N: as many roundings of f a draw must run through, for its rounding errors to average."""


@dataclass(frozen=True)
class Local:
    """What is known of f near x; arrays broadcast, to predict for many functions at once.

    Attributes:
        x: the point.
        taylor: ``βₖ = f⁽ᵏ⁾(x)/k!`` along the first axis, k = 0 … 3 at least.
        noise: standard deviation of the noise that every evaluation draws afresh.
        rounding: standard deviation of the rounding error of a value; NaN takes ``ulp(f)/√12``.
        size: what ε is multiplied by; NaN takes |x|, or 1 where x is 0 or steps are absolute.
    """

    x: Floats | float
    taylor: Floats
    noise: Floats | float = 0.0
    rounding: Floats | float = float("nan")
    size: Floats | float = float("nan")

    @classmethod
    def from_derivatives(
        cls, x: float, derivatives: ArrayLike, noise: float = 0.0, rounding: float = float("nan")
    ) -> Local:
        """Build it from ``f, f′, f″, f‴, …`` at x."""
        values = np.asarray(derivatives, float)
        factorial = np.cumprod([1, *range(1, len(values))])
        taylor = values / factorial.reshape(-1, *(1,) * (values.ndim - 1))
        return cls(x, taylor, noise, rounding)


@dataclass(frozen=True)
class Prediction:
    """Error of one estimate, over all draws and all noise; NaN where theory has no formula.

    Attributes:
        bias: mean error.
        std: standard deviation from jitter, noise and rounding.
        rmse: root mean square error.
        holds: whether the formulas can be relied on: the Taylor terms that are not known are small,
            steps span many floats, and the rounding of no single value decides.
    """

    bias: Floats
    std: Floats
    rmse: Floats
    holds: NDArray[np.bool_]


def predict(
    estimator: Estimator, local: Local, epsilon: float, num_steps: int, dtype: str
) -> Prediction:
    """Predict the error of an estimate of N draws, of points and values in ``dtype``.

    An estimator without formulas has NaN, and ``holds`` is false.

    >>> from stochgrad.stencils import make_estimator
    >>> sine = Local.from_derivatives(1.0, [0.84, 0.54, -0.84, -0.54, 0.84, 0.54])
    >>> print(f"{predict(make_estimator('central_fixed'), sine, 1e-2, 1, 'float64').bias:.2e}")
    -9.00e-06
    """
    found = moments(estimator, epsilon, num_steps)
    beta = np.asarray(local.taylor, float)
    if found is None:
        nothing = np.full(beta.shape[1:], np.nan)
        return Prediction(nothing, nothing, nothing, np.zeros(beta.shape[1:], bool))
    length = np.abs(np.asarray(local.x, float))
    usual = np.where(length > 0, length, 1.0) if estimator.relative else 1.0
    h = epsilon * np.where(np.isnan(local.size), usual, local.size)
    spacing = np.spacing(length.astype(dtype)).astype(float)
    ulp = np.spacing(np.abs(beta[0]).astype(dtype)).astype(float)
    rounding = np.where(np.isnan(local.rounding), ulp / np.sqrt(12), local.rounding)
    noise = np.asarray(local.noise, float)

    known = min(len(beta), len(found.mean))
    scaled = np.stack([beta[k] * h ** (k - 1) for k in range(2, known)])
    bias = np.tensordot(found.mean[2:known], scaled, 1)
    inner = found.covariance[2:known, 2:known]
    jitter = np.einsum("k...,kl,l...->...", scaled, inner, scaled)

    draws = num_steps if found.spread else 1
    floats = found.spread * h / spacing
    repeats = 1 + draws / np.maximum(floats, 1e-300) if found.spread else 1.0
    averaged = (noise**2 + rounding**2 * repeats) * found.gain / h**2
    fixed = rounding**2 * found.shared / h**2
    points = (beta[1] * spacing) ** 2 / 12 * found.nominal * repeats / h**2
    eps = float(np.finfo(dtype).eps)
    rounded = 1 / 12 + (draws / 36 if estimator.sums_in_dtype and draws > 1 else 0)
    last = BINADE * (eps * beta[1]) ** 2 * rounded
    variance = jitter + averaged + noise**2 * found.shared / h**2 + fixed + points + last
    square = bias**2 + variance
    holds = _holds(found, beta[:known], scaled, square, h, spacing)
    # Rounding errors that may repeat from draw to draw must not matter.
    teeth = np.abs(beta[1]) * found.spread * h / ulp
    repeated = (floats < draws) | (teeth < TEETH * np.sqrt(draws))
    doubtful = fixed + np.where(repeated, rounding**2 * repeats * found.gain / h**2 + points, 0.0)
    if not found.spread:
        doubtful = fixed + last
    holds &= doubtful <= FIXED * square
    return Prediction(bias, np.sqrt(variance), np.sqrt(square), holds)


def _holds(found: Moments, beta: Floats, scaled: Floats, square: Any, h: Any, ulp: Any) -> Any:
    """Return where the unknown Taylor terms are small and steps span floats."""
    known = len(beta)
    response = np.sqrt(found.mean**2 + np.diagonal(found.covariance))
    size = np.abs(scaled.T * response[2:known]).T
    last = np.maximum(size[-1], size[-2]) if known > 3 else size[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        odd = np.sqrt(np.abs(beta[-1] / beta[-3]))
        even = np.sqrt(np.abs(beta[-2] / beta[-4])) if known > 3 else odd
    ratio = h * np.fmax(np.nan_to_num(odd, posinf=0), np.nan_to_num(even, posinf=0))
    # Each further power is worth `ratio` more: a geometric tail.
    tail = last * np.where(ratio < 1, ratio / np.maximum(1 - ratio, 1e-12), np.inf)
    tail = np.where(last == 0, 0.0, tail)
    return (tail <= TAIL * np.sqrt(square)) & (found.shortest * h >= FLOATS * ulp)


def best_epsilon(
    estimator: Estimator, local: Local, num_steps: int, dtype: str, candidates: Floats
) -> tuple[Floats, Floats]:
    """Return, of some step sizes, the one of the smallest predicted error, and that error.

    For ``central`` with a small jitter the minimum is near ``ε* = (R/(√2·A·√N))^(1/3)``, with
    ``A = x²|f‴|/6`` and R the round-off of one draw times ε. ``candidates``: shape ``(E,)``.
    """
    errors = np.stack(
        [predict(estimator, local, float(e), num_steps, dtype).rmse for e in candidates]
    )
    best = np.argmin(np.where(np.isnan(errors), np.inf, errors), axis=0)
    return candidates[best], np.take_along_axis(errors, best[None], 0)[0]
