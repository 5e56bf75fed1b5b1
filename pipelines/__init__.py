"""Programs that put results together, each run as ``python -m pipelines.NAME``."""

from src.run import end_in_one_line

end_in_one_line()  # here, since Python imports this before any of them
