"""Train a classifier of handwritten digits with estimated or exact derivatives."""

from __future__ import annotations

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.data.dataset import Dataset
from stochgrad.suite.data.digits import load_digits
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


def prepare(config: RunConfig) -> None:
    """Refuse a network that cannot be."""
    check_network(config, load(config))


def load(config: RunConfig) -> Dataset:
    """Return the images with the splits that a configuration wants."""
    return with_splits(config, load_digits())


@register_task("digits", ClassifierConfig, prepare, load, metrics=classifier_metrics)
def train_digits(config: RunConfig, listener: Listener, state: State | None = None) -> Result:
    """Train on scikit-learn's bundled 8×8 images."""
    return train_classifier(config, load(config), listener, state)
