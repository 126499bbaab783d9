"""A few images with what the methods made of them: a thumbnail each, and boundaries of one bit."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from metrics import get_metric
from reports.data.align import Aligned, labels_by_device
from reports.data.words import counted, few, number
from reports.page.encode import numbers
from reports.statistics.aggregate import Analysis

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.integer]

SIDE: Final = 512  # pixels of the longer side of what is shown; larger images are thinned out
BUDGET: Final = 9_000_000  # bytes of all pictures of a page
USUAL: Final = 12  # images
_QUALITY: Final = 82
_NO_MAPS: Final = (
    "none of their label maps is there: they lie in the .run folder beside the results, which must"
    " be kept together with them"
)


class NoPictureError(Exception):
    """A picture that is not at hand; the message says why, in words that follow ``because``."""


@dataclass(frozen=True)
class Pictures:
    """Where the pictures of a results file come from.

    Attributes
    ----------
    image : callable
        From data set, split and name to the (H, W, 3) sRGB image and the (H, W) label maps of its
        annotators. Raises NoPictureError if it is not there, or not the one that was scored.
    labels : callable
        From ``labels_file`` to the (H, W) label map. Raises NoPictureError.
    most : int
        How many images to show; 0 for none.
    """

    image: Callable[[str, str, str], tuple[Pixels, Sequence[Labels]]]
    labels: Callable[[str], Labels]
    most: int = USUAL


@dataclass(frozen=True)
class Gallery:
    """What is shown of some images.

    Attributes
    ----------
    images : list of dict
        name; kinds, why it was chosen; width, height; source, a data URI; ns and scores, by
        metric the value of each point (label, n).
    maps : list of dict
        Of each image: by place of the point, its boundaries as PNG in base64; ``truth`` those of an
        annotator.
    notes : tuple of str
        Why there are no images, or what is lacking.
    """

    images: list[dict[str, Any]]
    maps: list[dict[str, str]]
    notes: tuple[str, ...]


def make_gallery(
    group: Analysis, rows: pd.DataFrame, pictures: Pictures | None, budget: int = BUDGET
) -> Gallery:
    """Choose images and fetch their pictures, as many as there is room for.

    Parameters
    ----------
    group : Analysis
    rows : DataFrame
        Its rows, with labels_file.
    pictures : Pictures, optional
        Where they come from.
    budget : int
        Bytes that all pictures may take.
    """
    if pictures is None or pictures.most < 1:
        return Gallery([], [], ("no pictures were asked for",))
    aligned = group.aligned
    chosen = choose(group, pictures.most)
    wanted = rows[rows["image"].astype(object).isin([aligned.images[i] for i in chosen])]
    files = _files(aligned, wanted)
    images: list[dict[str, Any]] = []
    maps: list[dict[str, str]] = []
    lost: dict[str, list[str]] = {}
    used = without = 0
    for place, kinds in chosen.items():
        name = aligned.images[place]
        try:
            pixels, truths = pictures.image(aligned.dataset, aligned.split, name)
        except NoPictureError as error:
            lost.setdefault(str(error), []).append(name)
            continue
        source = _thumbnail(pixels)
        drawn, gone = _maps(files.get(name, {}), pictures, pixels.shape[:2])
        without += gone
        if not drawn:
            lost.setdefault(_NO_MAPS, []).append(name)
            continue
        if truths:
            drawn["truth"] = _png(_boundaries(_thinned(_typical(truths))))
        size = len(source) + sum(map(len, drawn.values()))
        if images and used + size > budget:
            break
        used += size
        height, width = _thinned(pixels[..., 0]).shape
        images.append(
            {
                "name": name,
                "kinds": kinds,
                "width": width,
                "height": height,
                "thinned": max(pixels.shape[:2]) > SIDE,
                "source": source,
                "scores": {
                    metric: numbers(aligned.scores[metric][place]) for metric in group.points
                },
                "counts": numbers(aligned.scores["n_labels"][place]),
            }
        )
        maps.append(drawn)
    return Gallery(images, maps, tuple(_notes(len(images), len(chosen), lost, without)))


def _notes(shown: int, chosen: int, lost: Mapping[str, list[str]], without: int) -> Iterator[str]:
    for reason, names in lost.items():
        yield f"{counted(len(names), 'image')} not shown ({few(names)}), because {reason}"
    more = chosen - shown - sum(map(len, lost.values()))
    if more:
        yield f"{counted(more, 'more image')} would make the page too large"
    if shown and without:
        are, them = ("is", "it") if without == 1 else ("are", "them")
        yield (
            f"{counted(without, 'label map')} {are} not there any more; the same `bench run` with"
            f" --force makes {them} again"
        )


def choose(group: Analysis, most: int) -> dict[int, list[str]]:
    """Choose the images on which labels score best and worst, and on which they differ most.

    By the first metric with a direction, at the middle one of the asked counts, over the labels
    that have it on every image that any has it on.

    Returns
    -------
    dict of int to list of str
        By place of the image, why it was chosen, among ``best``, ``worst``, ``disputed``; the best,
        the worst and the most disputed one first, then the next of each. The first images with a
        result where no metric tells.
    """
    aligned = group.aligned
    everywhere = [int(i) for i in np.flatnonzero(aligned.ran.any(axis=1))]
    metric = next((m for m in group.points if get_metric(m).direction is not None), None)
    values = None if metric is None else _middle(aligned, metric)
    if values is None or metric is None:
        return {place: [] for place in everywhere[:most]}
    sign = -1.0 if get_metric(metric).direction == "low" else 1.0
    level, apart = sign * values.mean(axis=1), values.std(axis=1)
    known = np.flatnonzero(np.isfinite(level))
    orders = {"best": -level, "worst": level}
    if values.shape[1] > 1:
        orders["disputed"] = -apart
    queues = {kind: known[np.argsort(key[known], kind="stable")] for kind, key in orders.items()}
    found: dict[int, list[str]] = {}
    # of few images none is among the best and the worst
    share = min(-(-most // len(queues)), max(1, len(known) // 2))
    for place in range(len(known)):
        for kind, queue in queues.items():
            image = int(queue[place])
            if place < share and (image in found or len(found) < most):
                found.setdefault(image, []).append(kind)
    others = [int(image) for image in known if image not in found]
    return found | {image: [] for image in others[: most - len(found)]}


def _middle(aligned: Aligned, metric: str) -> npt.NDArray[np.float64] | None:
    """Return (I, L) scores at the middle asked count of labels without gaps; None without any."""
    asked = np.unique(aligned.ns)
    its = aligned.scores[metric][:, _at(aligned.ns, asked[(len(asked) - 1) // 2])]
    rows = np.isfinite(its).any(axis=1)
    whole = its[:, np.isfinite(its[rows]).all(axis=0)] if rows.any() else its[:, :0]
    if not whole.shape[1]:
        return None
    return whole


def _at(ns: npt.NDArray[np.float64], n: float) -> npt.NDArray[np.bool_]:
    return np.isnan(ns) if np.isnan(n) else ns == n


def _files(aligned: Aligned, rows: pd.DataFrame) -> dict[str, dict[int, str]]:
    """Return by image and place of the point the label map of its first seed."""
    keys = zip(aligned.labels, map(number, aligned.ns.tolist()), strict=True)
    places = {key: place for place, key in enumerate(keys)}
    found: dict[str, dict[int, str]] = {}
    ok = rows[(rows["status"] == "ok") & rows["labels_file"].notna()]
    label = labels_by_device(rows)[ok.index]
    for row_label, n, image, file in zip(
        label, ok["n"].tolist(), ok["image"], ok["labels_file"], strict=True
    ):
        place = places[str(row_label), number(n)]
        found.setdefault(str(image), {}).setdefault(place, str(file))
    return found


def _maps(
    files: dict[int, str], pictures: Pictures, shape: tuple[int, ...]
) -> tuple[dict[str, str], int]:
    """Return the boundaries by point, and how many label maps are gone."""
    drawn, gone = {}, 0
    for place, file in sorted(files.items()):
        try:
            labels = pictures.labels(file)
        except NoPictureError:
            gone += 1
            continue
        if labels.shape == shape:
            drawn[str(place)] = _png(_boundaries(_thinned(labels)))
        else:
            gone += 1
    return drawn, gone


def _typical(truths: Sequence[Labels]) -> Labels:
    """Return the annotation whose number of regions is the middle one."""
    return sorted(truths, key=lambda truth: len(np.unique(truth)))[(len(truths) - 1) // 2]


def _thinned(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Keep every so many-th row and column, so that the longer side is at most `SIDE`."""
    step = -(-max(pixels.shape[:2]) // SIDE)
    return pixels[::step, ::step]


def _boundaries(labels: Labels) -> npt.NDArray[np.bool_]:
    """Tell which pixels have another label on their right or below."""
    found = np.zeros(labels.shape, dtype=bool)
    found[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    found[:-1] |= labels[:-1] != labels[1:]
    return found


def _png(mask: npt.NDArray[np.bool_]) -> str:
    """Return a mask as PNG of one bit, transparent where it is False."""
    sink = io.BytesIO()
    Image.fromarray(mask).save(sink, "PNG", transparency=0, optimize=True)
    return base64.b64encode(sink.getvalue()).decode()


def _thumbnail(pixels: Pixels) -> str:
    picture = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    picture = picture.resize(_thinned(pixels[..., 0]).shape[::-1], Image.Resampling.LANCZOS)
    sink = io.BytesIO()
    picture.save(sink, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(sink.getvalue()).decode()
