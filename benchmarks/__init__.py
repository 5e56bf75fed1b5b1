"""Side-by-side timings: ``python -m benchmarks NAME`` prints ratios measured in one run."""

from src.run import end_in_one_line

end_in_one_line()  # here, since Python imports this first
