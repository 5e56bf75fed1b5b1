"""Inference of derivatives from values: noise, truncation and rounding in one model."""

from .infer import STATUS, Inference, infer

__all__ = ["STATUS", "Inference", "infer"]
