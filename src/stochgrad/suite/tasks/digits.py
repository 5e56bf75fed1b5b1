"""Train a classifier of handwritten digits with estimated or exact derivatives."""

from __future__ import annotations

from stochgrad.suite.config.schema import RunConfig
from stochgrad.suite.data.digits import load_digits
from stochgrad.suite.tasks.base import register_task
from stochgrad.suite.tasks.classify import ClassifierConfig, classifier_metrics, train_classifier
from stochgrad.suite.tasks.result import Listener, Result
from stochgrad.suite.tasks.state import State


class DigitsConfig(ClassifierConfig):
    """Settings of the digits task."""


@register_task(
    "digits", DigitsConfig, load=lambda config: load_digits(), metrics=classifier_metrics
)
def train_digits(config: RunConfig, listener: Listener, state: State | None = None) -> Result:
    """Train on scikit-learn's bundled 8×8 images."""
    return train_classifier(config, load_digits(), listener, state)
