"""Figures that compare many runs: from rows of tables to Matplotlib figures."""
