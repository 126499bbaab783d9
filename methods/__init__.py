"""Superpixel methods behind one interface; importing this package loads no imaging library.

Examples
--------
>>> import numpy as np
>>> from methods import segment
>>> labels = segment(np.zeros((40, 60, 3), np.uint8), 24, method="grid")
>>> labels.shape, int(labels.max()) + 1
((40, 60), 24)
"""

from methods.base import Method, Skip
from methods.mean_colours import superpixelated
from methods.registry import get_method, list_methods, register
from methods.segment import segment

__all__ = [
    "Method",
    "Skip",
    "get_method",
    "list_methods",
    "register",
    "segment",
    "superpixelated",
]
