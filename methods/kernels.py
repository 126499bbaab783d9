"""Compiled loops that label maps need; the plain counterparts are in tests/oracle."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def number_by_occurrence(labels, largest):
    """Return (H, W) int32 labels 0..K-1 in the order in which they first occur."""
    number = np.full(largest + 1, -1, np.int32)
    numbered = np.empty(labels.shape, np.int32)
    flat, out = labels.reshape(-1), numbered.reshape(-1)
    count = np.int32(0)
    for p in range(flat.size):
        label = flat[p]
        if number[label] < 0:
            number[label] = count
            count += np.int32(1)
        out[p] = number[label]
    return numbered


@njit(cache=True, nogil=True)
def find_root(parent, i):
    """Return the root of i, halving the path to it."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(cache=True, nogil=True)
def join(parent, i, j):
    """Unite the trees of i and j; the smaller index becomes the root."""
    a, b = find_root(parent, i), find_root(parent, j)
    if a < b:
        parent[b] = a
    else:
        parent[a] = b


@njit(cache=True, nogil=True)
def components(labels):
    """Return (H, W) int32 numbers of the 4-connected parts, in the order of their first pixels."""
    height, width = labels.shape
    parent = np.arange(height * width, dtype=np.int32)
    for y in range(height):
        for x in range(width):
            p = y * width + x
            if x > 0 and labels[y, x] == labels[y, x - 1]:
                join(parent, p, p - 1)
            if y > 0 and labels[y, x] == labels[y - 1, x]:
                join(parent, p, p - width)
    numbered = np.empty(labels.shape, np.int32)
    out = numbered.reshape(-1)
    count = np.int32(0)
    for p in range(parent.size):
        root = find_root(parent, p)
        if root == p:
            out[p] = count
            count += np.int32(1)
        else:
            out[p] = out[root]
    return numbered
