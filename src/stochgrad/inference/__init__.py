"""The error model: noise, truncation and rounding."""
