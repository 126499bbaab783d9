"""Labels in pieces: a superpixel of many parts follows boundaries that connected ones cannot."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reports.data.align import PIECES, Aligned, Flags, mean_of
from reports.data.words import number

MOST_PIECES = 1.1  # per label; more, and the labels are in pieces


def in_pieces(aligned: Aligned) -> Flags:
    """Tell which points have over a tenth more 4-connected pieces than labels, on average.

    Returns
    -------
    (C,) bool array
        False where the number of pieces is not known.
    """
    pieces = aligned.scores[PIECES]
    found: Flags = mean_of(pieces, np.isfinite(pieces)) > MOST_PIECES
    return found


def labels_in_pieces(aligned: Aligned) -> list[str]:
    """Return the labels that are in pieces at some n."""
    names = np.array(aligned.labels, dtype=object)
    return list(dict.fromkeys(names[in_pieces(aligned)]))


def connected_first(allowed: Flags, pieces: Flags) -> Flags:
    """Let those in pieces compete only where nobody is connected."""
    connected: Flags = allowed & ~pieces
    return connected if connected.any() else allowed


def pieces_notes(aligned: Aligned) -> Iterator[str]:
    """Say of each label that is in pieces how many it has, at the n where they are most.

    Yields
    ------
    str
        The label, a colon and words.
    """
    pieces, labels = aligned.scores[PIECES], aligned.scores["n_labels"]
    each = mean_of(pieces, np.isfinite(pieces))
    number_of = mean_of(labels, np.isfinite(labels))
    for label in labels_in_pieces(aligned):
        its = np.flatnonzero(np.array(aligned.labels) == label)
        worst = its[np.nanargmax(each[its])]
        count, n = number_of[worst], aligned.ns[worst]
        where = f" at n = {number(n)}" if np.isfinite(n) else ""
        yield f"{label}: {count:.0f} labels in {count * each[worst]:.0f} pieces{where}"
