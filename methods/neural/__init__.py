"""Superpixels from networks that are optimised on the image itself."""

import os

# Read by GNU's OpenMP when it is loaded with PyTorch, which is later. Its threads would else wait
# by computing for milliseconds, on cores that our own threads between two convolutions need; if
# they slept at once, to wake them would cost more than many a small operation (docs/networks.md).
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
