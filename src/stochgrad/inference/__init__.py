"""Inference of derivatives from values: noise, truncation and rounding in one model."""

from .assess import assess
from .infer import infer
from .model import quantile
from .result import STATUS, Inference

__all__ = ["STATUS", "Inference", "assess", "infer", "quantile"]
