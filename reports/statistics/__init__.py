"""Intervals, comparisons at equal count, and areas under curves."""
