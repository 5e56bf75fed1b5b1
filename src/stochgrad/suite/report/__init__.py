"""From the results of many runs to tables, statistics and pages."""
