"""Which returned counts most labels share, and what to ask for where they share none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from reports.data.align import Aligned
from reports.data.results import Floats

_MARGIN = 1.05  # beyond what proportion says, since counts vary over images
_APART = 1.25  # times between two counts that are worth a table each
_FARTHEST = 2.0  # times outside the asked counts; further, proportion says nothing


@dataclass(frozen=True, eq=False)
class Reach:
    """What the L labels returned, smallest and largest, on the images where no cell failed.

    Attributes
    ----------
    labels : tuple of str
    low, high : (L,) arrays
        The returned counts that a label's curves cover on every one of its images; NaN without
        any, and `low` above `high` where there is no such count.
    below, above : (L,) arrays
        The least and the greatest n asked, each divided by what came back: at the image that
        returned most for the least, and least for the greatest n.
    asked : (2,) tuple of float
        The least and the greatest n.
    """

    labels: tuple[str, ...]
    low: Floats
    high: Floats
    below: Floats
    above: Floats
    asked: tuple[float, float]

    @classmethod
    def of(cls, aligned: Aligned) -> Reach:
        """Look up the counts of every label."""
        returned = aligned.returned
        names = np.array(aligned.labels)
        labels = tuple(dict.fromkeys(aligned.labels))
        ends = np.full((2, len(labels)), np.nan)
        for place, label in enumerate(labels):
            its = returned[:, names == label]
            known = np.isfinite(its)
            whole = known.all(axis=1)  # what failed on an image says nothing of its counts
            ran = its[whole if whole.any() else known.any(axis=1)]
            if len(ran):
                ends[:, place] = np.nanmin(ran, axis=1).max(), np.nanmax(ran, axis=1).min()
        asked = aligned.ns[np.isfinite(aligned.ns)]
        least, most = (asked.min(), asked.max()) if asked.size else (np.nan, np.nan)
        low, high = ends
        return cls(labels, low, high, least / low, most / high, (float(least), float(most)))

    def shared(self) -> tuple[float, float] | None:
        """Return the range that most labels cover, the wider and the more of them the better.

        The number of labels times the logarithm of the range is largest; where it can be, more
        than half of the labels cover all of it. None where no label covers two counts.
        """
        low, high = (ends[self.high > self.low] for ends in (self.low, self.high))
        if not low.size:
            return None
        starts, ends = np.unique(low)[:, None], np.unique(high)
        number = ((low[:, None, None] <= starts) & (high[:, None, None] >= ends)).sum(axis=0)
        gain = number * np.log(np.maximum(ends / starts, 1))
        many = 2 * number > len(self.labels)
        gain = np.where(many, gain, 0) if (gain * many > 0).any() else gain
        start, end = np.unravel_index(gain.argmax(), gain.shape)
        return float(starts[start, 0]), float(ends[end])

    def to_ask(
        self, counts: Sequence[float], within: float = 0.0
    ) -> Iterator[tuple[str, float, int]]:
        """Yield label, count and the n to ask for, of counts that its curves do not reach.

        By proportion from the nearest end; nothing where that lies too far off to be believed.
        """
        least, most = self.asked
        if np.isnan(least):
            return
        for count in counts:
            for place, label in enumerate(self.labels):
                if count * (1 + within) < self.low[place]:
                    wanted = floor(count * self.below[place] / _MARGIN)
                    if wanted >= max(1, least / _FARTHEST):
                        yield label, count, wanted
                elif count * (1 - within) > self.high[place]:
                    wanted = ceil(count * self.above[place] * _MARGIN)
                    if wanted <= most * _FARTHEST:
                        yield label, count, wanted


def shared_counts(aligned: Aligned, reach: Reach) -> list[float]:
    """Return the asked counts, those outside the range that most labels share moved into it.

    One that would be moved next to another is dropped.
    """
    asked = np.unique(aligned.ns[np.isfinite(aligned.ns)])
    shared = reach.shared()
    if shared is None:
        return [float(count) for count in asked]
    low, high = shared
    kept = [float(count) for count in asked if low <= count <= high]
    for count in asked:
        moved = _rounded_into(low, high, float(count))
        if all(max(moved / other, other / moved) > _APART for other in kept):
            kept.append(moved)
    return sorted(kept)


def _rounded_into(low: float, high: float, count: float) -> float:
    """Return a count of two digits in a range, the nearest to another; its end if there is none."""
    if low <= count <= high:
        return count
    end = low if count < low else high
    step = 10.0 ** (floor(log10(end)) - 1)
    rounded = step * (ceil(end / step) if count < low else floor(end / step))
    return rounded if low <= rounded <= high else end


def additions(wanted: Mapping[str, int]) -> str:
    """Write which n reaches a count, by label, those of the same n together."""
    by_number: dict[int, list[str]] = {}
    for label, number in wanted.items():
        by_number.setdefault(number, []).append(label)
    return ", ".join(f"{n} ({', '.join(labels)})" for n, labels in sorted(by_number.items()))
