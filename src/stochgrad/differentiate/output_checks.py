"""What a user's function returned: whether it is a number, and a real one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stochgrad.errors import ConfigError

SMALL = 1e-3
"""Imaginary part, relative to the real one, that a small step may leave."""


def objects_as_floats(values: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Return objects, such as fractions, as float64.

    Raises:
        ConfigError: where they are no numbers.
    """
    try:
        return values.astype(np.float64)
    except (TypeError, ValueError) as error:
        kinds = " and ".join(sorted({type(value).__name__ for value in values.flat}))
        raise ConfigError(f"{name} returned {kinds} values: must return numbers") from error


def has_imaginary_part(values: NDArray[Any]) -> bool:
    """Return whether any imaginary part is larger than a small step in its direction may leave."""
    return bool((np.abs(values.imag) > SMALL * np.abs(values.real)).any())
