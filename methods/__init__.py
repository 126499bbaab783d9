"""Superpixel methods behind one call: ``segment(image, n, method=...)``.

Importing this imports no method; each is loaded when it is first used.
"""

from methods.base import Method, Skip
from methods.registry import get_method, list_methods, register
from methods.segment import segment

__all__ = ["Method", "Skip", "get_method", "list_methods", "register", "segment"]
