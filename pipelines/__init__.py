"""Programs that put results together, each run as ``python -m pipelines.NAME``."""
