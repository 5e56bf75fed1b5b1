"""Train a classifier of images: of the digits, or of MNIST and other sets of 28×28 images."""

from __future__ import annotations

from pathlib import Path

from stochgrad.errors import ConfigError
from stochgrad.suite.config.schema import DataConfig, RunConfig
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.data.images import load_images, prepare_images
from stochgrad.suite.paths import project_root
from stochgrad.suite.tasks.base import register_task
from stochgrad.suite.tasks.classify import (
    ClassifierConfig,
    classifier_metrics,
    train_classifier,
    with_splits,
)
from stochgrad.suite.tasks.result import Listener, Result
from stochgrad.suite.tasks.state import State
from stochgrad.suite.tasks.training import check_network


def prepare_digits(config: RunConfig) -> None:
    """Refuse a network that cannot be."""
    check_network(config, load_split_digits(config))


def load_split_digits(config: RunConfig) -> Dataset:
    """Return the images with the splits that a configuration wants."""
    return with_splits(config, load_digits())


@register_task("digits", ClassifierConfig, prepare_digits, load_split_digits, classifier_metrics)
def train_digits(config: RunConfig, listener: Listener, state: State | None = None) -> Result:
    """Train on scikit-learn's bundled 8×8 images."""
    return train_classifier(config, load_split_digits(config), listener, state)


def _data(config: RunConfig) -> tuple[DataConfig, Path]:
    data = config.data
    if data is None:
        raise ConfigError("data.name: missing; name a set, such as data.name=mnist")
    return data, Path(data.folder) if data.folder else project_root() / "data"


def prepare(config: RunConfig) -> None:
    """Make the arrays of the data set, if they are not there; refuse a network that cannot be."""
    data, folder = _data(config)
    prepare_images(data.name, folder, data.manual_dir)
    model = config.model
    if config.make_gradient().perturbs or model.groups or model.local_losses:  # else it can be
        check_network(config, load(config))


def load(config: RunConfig) -> Dataset:
    """Return the data set that ``data.name`` names."""
    data, folder = _data(config)
    return with_splits(config, load_images(data.name, folder, data.manual_dir))


@register_task("mnist", ClassifierConfig, prepare, load, classifier_metrics)
def train_mnist(config: RunConfig, listener: Listener, state: State | None = None) -> Result:
    """Train on the data set that ``data.name`` names."""
    return train_classifier(config, load(config), listener, state)
