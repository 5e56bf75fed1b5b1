"""The constants that decide, each with its derivation or its prior.

Everything else is a consequence of the model in :mod:`.model`. Each may be halved or doubled
without a change of coverage or of the number of wrong answers: nothing sits on an edge.
"""

from __future__ import annotations

NODES = 20
"""Values at one scale: a polynomial of degree 14 and five degrees of freedom for the noise, below
which Student's t and the F test lose their power."""
CHECK = 8
"""Values of a check of the noise alone: a cubic and four degrees of freedom, or a line and six."""
LEAST = 9
"""Values of the smallest fit: a polynomial of degree five and three degrees of freedom."""
WIDENED = 2 * LEAST + 2 * CHECK + 1
"""Evaluations for which a noisy f has a fit at a wider scale: the first fit, f at the point, a
check of the noise at the widest and at the narrowest scale, and that fit."""
DEGREE = 13
"""Largest degree of the search. The error of the best degree falls as rho^K until rounding, and
eleven meets double precision at an eighth of the distance to a pole; two more infer the bias."""
START = 3
"""The first half-width is 2^-START of the length scale: a pole at distance L then has Chebyshev
coefficients that fall as 16^-k, and a degree of 13 reaches double precision."""
NARROWER = 4
"""Octaves to the next narrower scale: a kink's residual falls as h, so its variance falls by 256,
which F(7, 7) sees at LEVEL."""
LEVEL = 1e-5
"""Significance of tests between scales. A point has about ten: one false alarm in 10,000."""
FIT = 1e-3
"""Significance of the tests of the last fit: two for each point."""
ROUNDING = 12.0
"""Residuals below this many rms rounding errors of one operation are rounding: vectorised
libraries promise four units in the last place at worst, an rms of 4/√3 = 2.3 = 11 x 0.21."""
FAR = 10.0
"""Standard deviations between a value and a fit which the model does not explain: at a kink a fit
is off by up to five."""
LOUD = 0.5
"""Noise over root mean square of f above which nothing is seen of f."""
FEEL = 0.02
"""Significance of the test by which a check looks for the widest scale that a cubic explains, and
from which the next two terms of the last fit widen its interval; a false alarm costs one check, or
one interval that is too wide, and no error."""
LOST = 16.0
"""A bend that bisection makes this much smaller belongs to a function that is resolved: the bend
of a smooth function falls by four each time, so two turns do, and noise does so once in 10,000."""
CORRELATED = 1 / 64
"""Part of the variance of rounding that adds up over the values of a slope, since the errors of a
library function are smooth in its argument: averaging does not reduce it. The mean over elementary
functions of NumPy in float32 is 0.020 along the weights of a cubic, 0.002 along those of a
polynomial of degree 7, and nothing beyond. Too wide is better than too narrow."""
