"""Compiled pieces that methods share; numba is imported with them, so only when needed."""
