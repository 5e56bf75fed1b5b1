"""Side-by-side timings: ``python -m benchmarks NAME`` prints ratios measured in one run."""
