"""Data sets, each as a :class:`stochgrad.data.dataset.Dataset`."""
