"""Data sets, each as a :class:`stochgrad.suite.data.dataset.Dataset`."""
