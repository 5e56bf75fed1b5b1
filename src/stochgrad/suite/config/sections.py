"""The sections of a configuration, each with what its keys may say."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from stochgrad.errors import ConfigError

Count = Annotated[int, Field(ge=1, le=10**6, strict=True)]
"""More would not fit in memory, or not end."""
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
Step = Positive | Literal["auto"]
Flag = Annotated[bool, Field(strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]


class Section(BaseModel):
    """A part of the configuration: immutable, and closed to keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)


class Named(BaseModel):
    """A choice from a registry, with the options of what was chosen."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """Everything but the name."""
        return dict(self.model_extra or {})


class BackendConfig(Section):
    """Which arrays compute."""

    name: str


def _standardization(value: Any) -> bool | tuple[float, float]:
    """Refuse what is neither a flag nor a mean and a standard deviation."""
    if isinstance(value, bool):
        return value
    numbers = isinstance(value, list | tuple) and len(value) == 2
    if numbers and all(isinstance(v, int | float) and math.isfinite(v) for v in value):
        mean, deviation = float(value[0]), float(value[1])
        if deviation > 0:
            return mean, deviation
    raise ConfigError("must be true, false or [mean, standard deviation > 0]")


class ModelConfig(Section):
    """The multilayer perceptron.

    Attributes:
        hidden: widths of the hidden layers.
        bias: the notebook's untrained constant 1, or trained from 0.
        init: of the weights: uniform in [−1, 1), Glorot's (Xavier's) uniform, standard normal, or
            He's (Kaiming's) normal.
        init_scale: factor of the initial weights.
        zero_output: whether the last layer's weights start at zero.
        normalization: of hidden layers, before their activation: over all units of a layer, or over
            those of each of its groups.
        affine: whether a normalized layer has a scale and a shift, which are trained.
        groups: of each hidden layer, whose weights are block-diagonal then; empty for one each.
        standardize: whether inputs are standardised by the training set; or by which mean and
            standard deviation.
        black_box: whether nothing but losses at given weights can be had of the network.
        loss: half the squared error with an activated output layer, or softmax cross-entropy with
            a linear one.
        reduction: of the loss over a batch.
        local_losses: softmax cross-entropies of each hidden layer, each of an equal share of its
            units; with 0 a layer learns from those of a layer above. Empty: only the output's.
        local_readout: what a local loss is read from: its own share, or all units of the layer,
            where its gradient still goes to its own share alone.
        stop_gradient: whether nothing comes from above into a layer that has local losses; or its
            gradient is added to theirs.
    """

    hidden: Annotated[list[Count], Field(min_length=1)]
    bias: Literal["constant", "trainable"] = "constant"
    init: Literal["uniform", "xavier", "normal", "kaiming"] = "uniform"
    init_scale: Positive = 1.0
    zero_output: Flag = False
    normalization: Literal["none", "layer", "group"] = "none"
    affine: Flag = False
    groups: list[Count] = []
    standardize: Annotated[Any, AfterValidator(_standardization)] = False
    black_box: Flag = False
    loss: Literal["squared_error", "softmax_cross_entropy"] = "squared_error"
    reduction: Literal["sum", "mean"] = "sum"
    local_losses: list[Annotated[int, Field(ge=0, le=10**6, strict=True)]] = []
    local_readout: Literal["own", "shared"] = "own"
    stop_gradient: Flag = True


class ScheduleConfig(Section):
    """How the learning rate changes over a run.

    Attributes:
        name: constant, or a fall to 0 at the end of the run: linear, or half a cosine.
        warm_up: epochs, or steps of a task without epochs, in which the rate rises linearly first.
    """

    name: Literal["constant", "linear", "cosine"] = "constant"
    warm_up: Annotated[int, Field(ge=0, le=10**6, strict=True)] = 0


class DataConfig(Section):
    """Which data set a task reads, and where its files are.

    Attributes:
        name: of a tensorflow_datasets set of 28×28 images in IDX files.
        manual_dir: folder with the set's four original files; None takes the variable
            ``MNIST_DIR``, else downloads.
        folder: where prepared arrays are kept; None for ``data/`` in the project's root.
    """

    name: str
    manual_dir: str | None = None
    folder: str | None = None


class TrackingConfig(Section):
    """What is recorded beside the results.

    Attributes:
        system_metrics: whether the use of processors, memory, disk and network is recorded.
    """

    system_metrics: Flag = False


NETWORK = frozenset((
    "activation", "checkpoint_seconds", "differentiate_at", "export", "gradient", "loss_noise",
    "loss_shots", "model", "num_directions", "optimizer", "register", "resume", "schedule",
))  # fmt: skip
"""Settings of a network and of its training."""


class TaskConfig(Section):
    """What every task has.

    Attributes:
        unread: settings and sections outside ``task`` that have no influence on it.
        name: of the task.
        min_scale: below this |x| a relative step becomes an absolute one (0: only at x = 0).
    """

    unread: ClassVar[frozenset[str]] = frozenset()

    name: str
    min_scale: NotNegative = 0.0

    @property
    def trains(self) -> bool:
        """Whether the task trains a network."""
        return False

    @property
    def chooses_epsilon(self) -> bool:
        """Whether ``epsilon=auto`` makes sense."""
        return False

    @property
    def largest_x(self) -> float:
        """Return the magnitude that a step has to move."""
        return 1.0

    def check(self, dtype: str, epsilon: float | str) -> None:
        """Refuse what a run in this precision, with this step size, cannot do."""
