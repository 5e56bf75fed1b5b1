"""Published tables beside our own numbers: papers as data, their cells as runs, and verdicts."""
