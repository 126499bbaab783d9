"""Threads that share the rows of an image."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch

#: Values of one part, about: enough to outweigh the handing over, and to fit a cache.
PART = 1 << 19
MOST_PARTS = 64


def parts(height: int, row: int) -> list[tuple[int, int]]:
    """Divide `height` rows of `row` values each, in a way that depends on these alone.

    Sums over the parts then do not depend on how many threads there are.
    """
    count = max(1, min(height, MOST_PARTS, height * row // PART))
    edges = [height * i // count for i in range(count + 1)]
    return list(itertools.pairwise(edges))


def each(spans: list[tuple[int, int]], work: Callable[[int, int, int], None]) -> None:
    """Call ``work(part, top, bottom)`` for every part, on as many threads as torch may use."""
    threads = min(torch.get_num_threads(), len(spans))

    def share(first: int) -> None:
        for i in range(first, len(spans), threads):
            work(i, *spans[i])

    others = [_pool(threads - 1).submit(share, first) for first in range(1, threads)]
    share(0)
    for other in others:
        other.result()


@functools.cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


if hasattr(os, "register_at_fork"):  # a forked process has none of the threads of its parent
    os.register_at_fork(after_in_child=_pool.cache_clear)
