r"""Gradients from slopes along random directions: how large the error is that they make.

With slopes ``sₖ = g·vₖ`` along n directions in d variables, and ``σ²`` the variance of a slope
along a unit vector:

==================  ============================  ======================================
directions          estimate of g                 trace of the variance
==================  ============================  ======================================
independent, ±1     ``Σ sₖvₖ/n``                  ``(d − 1)/n·‖g‖² + d²σ²/n``
orthonormal         ``d/n·Σ sₖvₖ``                ``(d/n − 1)·‖g‖² + d²σ²/n``
projection          ``Σ sₖvₖ``, orthonormal       ``(1 − n/d)·‖g‖² + nσ²``, bias included
==================  ============================  ======================================

Orthonormal directions are n of an orthonormal basis, drawn without replacement: the variance is
that of the mean of n among d numbers ``d·sₖvₖ``, and is 0 for n = d. Independent ones need
infinitely many. ``Σ sₖvₖ`` alone is the projection of g on their span: it is the shortest vector
with these slopes, its cosine with g has the mean square n/d, and it is n/d times too short.

Antithetic pairs, f(x + hv) − f(x − hv), have no even terms: the bias goes with h², and the variance
of the even terms (of the curvature above all) is not there. Common random numbers, the same draws
of the noise at both ends, leave ``2σ²(1 − ρ)`` of the variance of a difference, ρ being the
correlation of the two values. Where f is smooth for each draw, ρ → 1 with the step, and what is
left is the variance of the gradient over draws, whatever the step: ``Var ∇f(x; ξ)/R`` of R draws
(P. Glasserman and D. D. Yao, "Some guidelines and guarantees for common random numbers",
Management Science 38 (1992)).

Guides, orthonormal directions that are taken in any case (past gradients), leave the rest of the
directions to the d − k variables that are orthogonal to them: the variance is that of n − k
directions for the part of g in there, ``‖g‖²(1 − c²)`` with c the cosine of g and their span.

References: J. C. Duchi et al., "Optimal rates for zero-order convex optimization", IEEE Trans. Inf.
Theory 61 (2015), for independent directions; K. Choromanski et al., "Structured evolution with
compact architectures", ICML (2018), for orthogonal ones; N. Maheswaranathan et al., "Guided
evolutionary strategies", ICML (2019); W. G. Cochran, "Sampling techniques" (1977), ch. 2, for
the mean of draws without replacement.
"""

from __future__ import annotations

import numpy as np

from stochgrad.stencils.stencil import Floats


def weights_of_orthonormal(number: int, dimension: int, guides: int) -> Floats:
    """Return what each ``sₖvₖ`` counts in an unbiased estimate, with the first k along guides.

    1 for those, and ``(d − k)/(n − k)`` for the rest.
    """
    rest = (dimension - guides) / max(number - guides, 1)
    return np.where(np.arange(number) < guides, 1.0, rest)


def variance_of_orthonormal(
    gradient2: Floats | float, number: int, dimension: int, noise: Floats | float = 0.0
) -> Floats:
    """Return the mean variance of an element, ``((d/n − 1)‖g‖² + d²σ²/n)/d``.

    With k guides, n and d are those without them, and g is the part that is orthogonal to them.
    ``noise`` is σ².

    >>> float(variance_of_orthonormal(3.0, 5, 10))
    0.3
    """
    ratio = dimension / number
    return np.asarray((ratio - 1) * gradient2 / dimension + ratio * np.asarray(noise))


def spread_of_orthonormal(terms: Floats, dimension: int) -> Floats:
    """Return the variance of the mean of terms ``d·sₖvₖ``, shape ``(n, …)``, from their spread."""
    number = len(terms)
    if number < 2:
        return np.full(terms.shape[1:], np.nan)
    return np.asarray((1 - number / dimension) * terms.var(axis=0, ddof=1) / number)


def best_step(
    nodes: Floats, weights: Floats, taylor: Floats, noise: Floats, least: Floats, most: Floats
) -> Floats:
    """Return the power of two that is the step of the smallest error of a rule.

    Squared, the error is ``(Σₖ βₖ cₖ hᵏ⁻¹)² + σ² Σ w²/h²`` with ``cₖ = Σ w tᵏ``; the best step is
    flat in h, and a power of two loses less than a tenth. Nodes t and weights w are in units of the
    step; ``taylor`` holds βₖ, shape ``(K, n)``, k = 0, 1, …, and ``noise`` σ, shape ``(n,)``.
    """
    low, high = np.floor(np.log2(least)).astype(int), np.floor(np.log2(most)).astype(int)
    steps = np.arange(low.min(), max(high.max(), low.min()) + 1)
    h = np.ldexp(1.0, steps)[:, None]
    bias = np.zeros((len(steps), taylor.shape[1]))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for k in range(2, len(taylor)):
            bias += float((weights * nodes**k).sum()) * taylor[k] * h ** (k - 1)
        error = bias**2 + noise**2 * float((weights**2).sum()) / h**2
    inside = (steps[:, None] >= low) & (steps[:, None] <= np.maximum(high, low))
    return np.asarray(
        h[np.argmin(np.where(inside, np.nan_to_num(error, nan=np.inf), np.inf), 0), 0]
    )
