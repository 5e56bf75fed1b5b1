"""Inference of derivatives from values: noise, truncation and rounding in one model."""

from .assess import Assessment, assess
from .infer import infer
from .result import STATUS, Inference

__all__ = ["STATUS", "Assessment", "Inference", "assess", "infer"]
