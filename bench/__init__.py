"""The benchmark program: choose methods and images, run every cell, keep every result."""
