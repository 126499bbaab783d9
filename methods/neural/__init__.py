"""Superpixels from networks that are optimised on the image itself."""

import os

# Read by OpenMP when PyTorch is loaded, which is later. Its threads would else wait by computing
# for milliseconds, on cores that our own threads between two convolutions need; if they slept at
# once, to wake them would cost more than many a small operation. Networks are a fifth faster.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
