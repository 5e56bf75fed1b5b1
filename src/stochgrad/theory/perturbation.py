"""What gradients from random directions are worth: their variance, learning rates, and span.

Directions v have independent elements of mean 0, variance 1 and fourth moment κ, so that
``E[(a·v)(b·v)(c·v)(e·v)]`` is ``(a·b)(c·e) + (a·c)(b·e) + (a·e)(b·c) + (κ − 3) Σᵢ aᵢbᵢcᵢeᵢ``; all
that follows is that formula. Variances are traces: sums over the elements of a gradient.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from stochgrad.stencils.stencil import Floats

Perturbed = Literal["weights", "weights of each example", "activities"]


def weight_variance(
    part: float, size: int, whole: float, kurtosis: float, directions: int
) -> float:
    """Return the variance of some weights' estimate by weight perturbation.

    ``(n ‖g‖² + (κ − 2) ‖gₗ‖²) / K``, of the n weights of a layer l (``part`` is ``‖gₗ‖²``), over
    all weights (``whole`` is ``‖g‖²``) and K directions of the kurtosis κ.
    """
    return (size * whole + (kurtosis - 2) * part) / directions


def orthogonal_variance(
    part: float, size: int, whole: float, dimension: int, directions: int
) -> float:
    """Return the same for K orthogonal directions of length √d.

    The estimate is ``(d/K) P g`` with the projection P onto a random subspace, for which
    ``E[Pᵢⱼ Pₖₗ] = a δᵢⱼδₖₗ + b (δᵢₖδⱼₗ + δᵢₗδⱼₖ)``. From ``P² = P`` and ``tr P = K``:
    ``b = K/d (1 − K/d) / (d + 1 − 2/d)`` and ``a = (K²/d − 2b) / d``.
    """
    d, k = dimension, directions
    b = k / d * (1 - k / d) / (d + 1 - 2 / d)
    a = (k * k / d - 2 * b) / d
    return (d / k) ** 2 * ((a + b) * part + size * b * whole) - part


def activity_variance(
    gradient: Floats, whole: Floats, jacobian: Floats, inputs: Floats, kurtosis: float,
    directions: int,
) -> float:  # fmt: skip
    """Return the variance of a layer's weights by activity perturbation, summed over examples.

    An example's estimate is ``J v (g·v) xᵀ``, J the Jacobian of the layer's norm. The second moment
    of element i of ``J v (g·v)`` is ``‖g‖² Σⱼ Jᵢⱼ² + 2 (J gₗ)ᵢ² + (κ − 3) Σⱼ gⱼ² Jᵢⱼ²``, over the
    units j of layer l.

    Args:
        gradient: ``gₗ``, at the perturbed units of the layer, shape ``(batch, units)``.
        whole: ``‖g‖²`` of each example, over all perturbed units of the network, ``(batch,)``.
        jacobian: J, with columns of 0 for units that are not perturbed, ``(batch, units, units)``.
        inputs: ``‖x‖²`` of what each unit's weights are multiplied with, ``(batch, units)``.
        kurtosis: κ of the directions.
        directions: K.
    """
    squares = jacobian**2
    passed = np.einsum("bij,bj->bi", jacobian, gradient) ** 2
    second = whole[:, None] * squares.sum(axis=-1) + 2 * passed
    second += (kurtosis - 3) * np.einsum("bij,bj->bi", squares, gradient**2)
    return float(((second - passed) * inputs).sum() / directions)


def linear_layer_variance(
    perturbed: Perturbed, fan_in: int, fan_out: int, batch: int, variance: float, square: float
) -> float:
    """Return the variance of a linear layer's gradient, one Gaussian direction, over batches.

    With d numbers in a direction, ``(d + 2)/N·V + (d + 1)·S`` where the batch shares it, and
    ``(d + 2)/N·V + (d + 1)/N·S`` where each example has its own; d = pq for weights, q for
    activities, of a layer of p inputs and q outputs. V is the variance of the gradient of one of N
    examples, S the square of the mean gradient.

    Reference: M. Ren, S. Kornblith, R. Liao and G. Hinton, "Scaling forward gradient with local
    losses", arXiv:2210.03310 (2022), Table 1.
    """
    d = fan_out if perturbed == "activities" else fan_in * fan_out
    shared = 1 if perturbed == "weights" else batch
    return (d + 2) / batch * variance + (d + 1) / shared * square


def linear_rate(perturbed: Literal["none", "nodes", "weights"], inputs: int, outputs: int) -> float:
    """Return by what fraction the expected error of a linear network falls in a step, at best.

    With N inputs from the standard normal distribution, M outputs and one example a step, the
    estimate's second moment is ``c`` times the error's, and the rate ``η = 1/c`` makes the error
    shrink by ``1 − 1/c``: ``c = N + 2`` for gradient descent, ``(N + 2)(M + 2)`` for node
    perturbation, ``(N + 2)(NM + 2)`` for weight perturbation.

    Reference: J. Werfel, X. Xie and H. S. Seung, "Learning curves for stochastic gradient descent
    in linear feedforward networks", Neural Computation 17 (2005).

    >>> 1 / linear_rate("nodes", 8, 4)
    60.0
    """
    extra = {"none": 1, "nodes": outputs + 2, "weights": inputs * outputs + 2}[perturbed]
    return 1 / ((inputs + 2) * extra)


def projection_cosine2(dimension: int, directions: int) -> float:
    """Return the mean squared cosine of a gradient with its projection on K random directions: K/d.

    Reference: K. Flügel et al., "Beyond backpropagation: optimization with multi-tangent forward
    gradients", arXiv:2410.17764 (2024).
    """
    return min(1.0, directions / dimension)
