"""What tasks have in common that differentiate named functions at points."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import Field, FiniteFloat, model_validator

from stochgrad.errors import ConfigError, nearest, shown
from stochgrad.suite.config.schema import TaskConfig
from stochgrad.suite.models.functions import FUNCTIONS


class PointsConfig(TaskConfig):
    """Functions, and where they are differentiated.

    Attributes:
        functions: names in :data:`stochgrad.suite.models.functions.FUNCTIONS`.
        x: points.
    """

    functions: Annotated[list[str], Field(min_length=1)]
    x: Annotated[list[Annotated[FiniteFloat, Field(strict=True)]], Field(min_length=1)]

    @property
    def largest_x(self) -> float:
        """Return the largest |x|, which is the hardest to move."""
        return max(map(abs, self.x))

    def check(self, dtype: str, epsilon: float | str) -> None:
        """Refuse points that are no normal floats of the precision."""
        tiny, huge = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
        for x in self.x:
            if x != 0 and not tiny <= abs(x) <= huge:
                wide = np.finfo("float64")
                helps = dtype == "float32" and wide.tiny <= abs(x) <= wide.max
                other = ", or use float64" if helps else ""
                raise ConfigError(
                    f"task.x={x:g}: {dtype} takes 0 and {tiny:.3g} to {huge:.3g} in size; leave "
                    f"it out{other}"
                )

    @model_validator(mode="after")
    def _check_domain(self) -> Self:
        for name in self.functions:
            if name not in FUNCTIONS:
                which = f"allowed: {', '.join(FUNCTIONS)}.{nearest(name, FUNCTIONS)}"
                raise ConfigError(f"task.functions={shown(name)}: unknown function; {which}")
            if FUNCTIONS[name].positive and min(self.x) <= 0:
                raise ConfigError(
                    f"task.x={min(self.x):g}: {name} is defined for x > 0 only; "
                    f"leave that point or that function out"
                )
        return self
