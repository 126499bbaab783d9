"""Scores at equal returned count: methods return different counts for the same n.

Each image is read off its own curve (see `interpolation`). Nothing is extrapolated, nor filled in
where a method failed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reports.data.align import PIECES, Aligned, Counts, Flags
from reports.data.results import Floats
from reports.data.schema import STATUSES
from reports.data.words import counted, short
from reports.statistics.interpolation import interpolate

FAR = 3.0  # times between two counts; between such a curve is read low (see `interpolation`)


@dataclass(frozen=True, eq=False)
class AtCount:
    """The results on one data set split as if every method had returned the same count.

    Attributes
    ----------
    count : float
        The returned count.
    images : int
        How many images were asked for.
    aligned : Aligned
        Its I images are those that any label covers, its L points the labels; scores and weights
        are (I, L) arrays. A score is NaN where the image's own curve does not cover the count.
    covered : (L,) array
        How many images of each label do cover it, or come near enough.
    nearest : (L,) array
        On how many of these the curve ends short of it, and its end is taken.
    far : (L,) array
        On how many of these it is read between two counts more than `FAR` times apart.
    reasons : tuple of str
        Per label, why the others do not; empty if there are none.
    undefined : mapping of str to (L,) array
        Per metric, on how many images that a label covers it has no value of the metric, although
        another label has one there, or because it has none at all.
    """

    count: float
    images: int
    aligned: Aligned
    covered: Counts
    nearest: Counts
    far: Counts
    reasons: tuple[str, ...]
    undefined: Mapping[str, Counts]


def at_counts(
    aligned: Aligned, metrics: Sequence[str], counts: Sequence[float], within: float = 0.0
) -> list[AtCount]:
    """Bring all labels to the same returned counts, image by image.

    A point where some seeds of the image failed is left out: a mean over the others would be
    better than the method is. Nor is a value filled in where the method failed: between two
    points of an image there is none if one without a complete result lies between them in the
    order of n.

    Parameters
    ----------
    aligned : Aligned
        The results.
    metrics : sequence of str
        Metric ids.
    counts : sequence of float
        The returned counts.
    within : float
        The share of a count by which an image's curve may end short of it: its end is then taken
        as it is.

    Returns
    -------
    list of AtCount
        One per count.
    """
    asked = np.asarray(counts, dtype=float)[:, None, None]
    return _read_all(aligned, metrics, counts, asked, within)


def at_returned(aligned: Aligned, metrics: Sequence[str], points: Sequence[int]) -> list[AtCount]:
    """Bring all labels to the counts that points of one label returned, each image to its own.

    Parameters
    ----------
    aligned : Aligned
        The results.
    metrics : sequence of str
        Metric ids.
    points : sequence of int
        The points; each ended ok, with all of its seeds, on one image at least.

    Returns
    -------
    list of AtCount
        One per point, of the images on which it ended so; `AtCount.count` is the mean there.
    """
    asked = aligned.returned[:, list(points)].T
    means = np.nanmean(asked, axis=1).tolist()
    return _read_all(aligned, metrics, means, asked[:, :, None], 0.0)


def _read_all(
    aligned: Aligned,
    metrics: Sequence[str],
    counts: Sequence[float],
    asked: Floats,
    within: float,
) -> list[AtCount]:
    """Bring all labels to (A, I or 1, 1) counts, which are called as the A `counts`.

    A count that is NaN is not asked of that image.
    """
    labels = tuple(dict.fromkeys(aligned.labels))
    columns = [np.flatnonzero(np.array(aligned.labels) == label) for label in labels]
    returned = aligned.returned
    read = (*metrics, PIECES)
    wanted = _wanted(returned, asked, columns, within)
    values, skipped = _read(aligned, returned, read, wanted, columns)
    far = np.stack([_far(returned[:, its], wanted[:, :, j]) for j, its in enumerate(columns)], 2)
    weights = {
        metric: _label_weights(aligned, metric, columns)
        for metric in metrics
        if metric in aligned.weights
    }
    found = []
    parts = zip(counts, asked, wanted, values, skipped, far, strict=True)
    for count, exact, its_counts, at, skips, wide in parts:
        ranges = [
            _Ranges.of(returned[:, its], aligned.ran[:, its], skips[:, j], its_counts[:, j])
            for j, its in enumerate(columns)
        ]
        covered = np.stack([label.covered for label in ranges], axis=1)
        by_metric = {metric: at[:, :, k] for k, metric in enumerate(read)}
        by_metric["n_labels"] = np.where(covered, its_counts, np.nan)
        here = _at_one(aligned, labels, float(count), covered, by_metric, weights)
        found.append(
            AtCount(
                count=float(count),
                images=len(aligned.images),
                aligned=here.of_images(np.logical_or.reduce(covered, axis=1)),
                covered=covered.sum(axis=0),
                nearest=(covered & (its_counts != exact)).sum(axis=0),
                far=(covered & wide).sum(axis=0),
                reasons=tuple("; ".join(label.reasons()) for label in ranges),
                undefined={m: _undefined(covered, by_metric[m]) for m in metrics},
            )
        )
    return found


def _at_one(
    aligned: Aligned,
    labels: tuple[str, ...],
    count: float,
    covered: Flags,
    scores: Mapping[str, Floats],
    weights: Mapping[str, Floats],
) -> Aligned:
    """Return the scores of all images at one count, with the labels for points."""
    return Aligned(
        dataset=aligned.dataset,
        split=aligned.split,
        images=aligned.images,
        labels=labels,
        ns=np.full(len(labels), count),
        cells=np.zeros((len(labels), len(STATUSES)), dtype=np.int64),
        partial=np.zeros(covered.shape, dtype=bool),
        # A score that nobody has on an image, because nobody covers it, is nobody's lack.
        ran=np.ones(covered.shape, dtype=bool),
        scores=scores,
        weights=weights,
    )


def _wanted(
    returned: Floats,
    asked: Floats,
    columns: Sequence[npt.NDArray[np.intp]],
    within: float,
) -> Floats:
    """Return the (A, I, L) counts to read at: those asked for, or ends that come near enough."""
    least, most = (
        np.stack([end(returned[:, its], axis=1) for its in columns], axis=1)
        for end in (np.fmin.reduce, np.fmax.reduce)
    )
    nearest = np.where(asked < least, least, np.where(asked > most, most, asked))
    wanted: Floats = np.where(np.abs(nearest - asked) <= within * asked, nearest, asked)
    return wanted


def _read(
    aligned: Aligned,
    returned: Floats,
    metrics: Sequence[str],
    counts: Floats,
    columns: Sequence[npt.NDArray[np.intp]],
) -> tuple[Floats, Flags]:
    """Read each curve at its (A, I, L) counts (A, I, L, M); tell where it skips an n (A, I, L)."""
    scores = np.stack([aligned.scores[metric] for metric in metrics], axis=-1)
    lost = ~aligned.ran | aligned.partial
    shape = counts.shape
    values, skipped = np.full((*shape, len(metrics)), np.nan), np.zeros(shape, dtype=bool)
    for j, its in enumerate(columns):
        values[:, :, j] = interpolate(returned[:, its], scores[:, its], counts[:, :, j])
        for i in np.flatnonzero(lost[:, its].any(axis=1)):
            x, y, at = returned[i, its], scores[i, its], counts[:, i, j]
            skipped[:, i, j] = _skips(x, aligned.ns[its], lost[i, its], at)
            for k in range(len(metrics)):
                of_metric = np.where(np.isfinite(y[:, k]), x, np.nan)
                values[_skips(of_metric, aligned.ns[its], lost[i, its], at), i, j, k] = np.nan
    return values, skipped


def _skips(counts: Floats, ns: Floats, lost: Flags, at: Floats) -> Flags:
    """Tell where a lost point lies, in the order of n, between the points that are read between.

    Parameters
    ----------
    counts, ns, lost : (P,) array
        The points of an image; counts are NaN where there is nothing to read.
    at : (A,) array
        The counts read at.

    Returns
    -------
    (A,) bool array
        False where a count is met exactly or lies outside.
    """
    below = np.where(counts <= at[:, None], counts, -np.inf).max(axis=1, keepdims=True)
    above = np.where(counts >= at[:, None], counts, np.inf).min(axis=1, keepdims=True)
    ends = ((counts == below) | (counts == above)) & np.isfinite(ns)
    first = np.where(ends, ns, np.inf).min(axis=1, keepdims=True)
    last = np.where(ends, ns, -np.inf).max(axis=1, keepdims=True)
    inside = np.isfinite(below) & np.isfinite(above) & (below < above)
    skipped: Flags = (inside & lost & (first < ns) & (ns < last)).any(axis=1)
    return skipped


def _far(counts: Floats, at: Floats) -> Flags:
    """Tell where (I, P) counts on both sides of (A, I) counts are more than `FAR` times apart."""
    places = at[:, :, None]
    below = np.where(counts <= places, counts, 0.0).max(axis=2)
    above = np.where(counts >= places, counts, np.inf).min(axis=2)
    far: Flags = above > FAR * below
    return far


def _undefined(covered: Flags, values: Floats) -> Counts:
    """Count the images that a label covers without a value that it should have (see `AtCount`)."""
    known = np.isfinite(values)
    expected = known.any(axis=1, keepdims=True) | ~known.any(axis=0, keepdims=True)
    number: Counts = (covered & ~known & expected).sum(axis=0)
    return number


def _label_weights(
    aligned: Aligned, metric: str, columns: Sequence[npt.NDArray[np.intp]]
) -> Floats:
    """Average the weights of each label's points; they differ only if a score is undefined."""
    known = np.isfinite(aligned.scores[metric])
    mass = np.where(known, aligned.weights[metric], 0.0)
    return np.stack(
        [mass[:, its].sum(axis=1) / np.maximum(known[:, its].sum(axis=1), 1) for its in columns],
        axis=1,
    )


@dataclass(frozen=True, eq=False)
class _Ranges:
    """What one label returned on each image, (I,) arrays, and how the count read lies to it."""

    count: Floats
    smallest: Floats
    largest: Floats
    ran: Flags
    skipped: Flags

    @classmethod
    def of(cls, returned: Floats, ran: Flags, skipped: Flags, count: Floats) -> _Ranges:
        smallest = np.where(np.isfinite(returned), returned, np.inf).min(axis=1)
        largest = np.where(np.isfinite(returned), returned, -np.inf).max(axis=1)
        return cls(count, smallest, largest, np.logical_or.reduce(ran, axis=1), skipped)

    @property
    def covered(self) -> Flags:
        inside = (self.smallest <= self.count) & (self.count <= self.largest)
        covered: Flags = inside & ~self.skipped
        return covered

    def reasons(self) -> Iterator[str]:
        """Say how many images do not cover the count, by reason."""
        asked = np.isfinite(self.count)
        known = np.isfinite(self.smallest) & asked
        single = known & (self.smallest == self.largest) & ~self.covered
        below = known & ~single & (self.count < self.smallest)
        above = known & ~single & (self.count > self.largest)
        if below.any():
            yield f"{images_of(below.sum())} returned {short(self.smallest[below].min())} or more"
        if above.any():
            yield f"{images_of(above.sum())} returned {short(self.largest[above].max())} or fewer"
        if single.any():
            ends = dict.fromkeys(
                short(end) for end in (self.smallest[single].min(), self.largest[single].max())
            )
            yield f"{images_of(single.sum())} returned one count only ({' to '.join(ends)})"
        if self.skipped.any():
            yield f"{images_of(self.skipped.sum())} with no result at an n in between"
        if (asked & self.ran & ~known).any():
            failed = (asked & self.ran & ~known).sum()
            yield f"{images_of(failed)} failed with some seeds at every n"
        if (asked & ~self.ran).any():
            yield f"{images_of((asked & ~self.ran).sum())} without an ok cell"


def images_of(number: int) -> str:
    """Write a number of images in words."""
    return counted(number, "image")


def far_apart(images: Collection[int]) -> str:
    """Say on how many images curves are read between counts that are far apart."""
    most = f"{'up to ' if len(set(images)) > 1 else ''}{images_of(max(images))}"
    return (
        f"read between counts over {FAR:g} times apart on {most}, where curves bend"
        " (ASA up to .01 too low); run counts in between"
    )
