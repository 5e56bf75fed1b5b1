"""Everything around experiments: an extra, ``stochgrad[suite]``."""
