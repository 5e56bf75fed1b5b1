"""The perceptron: its passes, losses, optimisers, and how it learns."""
