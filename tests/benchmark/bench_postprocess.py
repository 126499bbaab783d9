"""What post-processing makes of labels: the networks', and as a control those of k-means.

``python -m tests.benchmark postprocess`` on the first images of BSDS500 val, n = 100 (six minutes
on a core): the networks with the preset quick, and k-means of colour and position, which are all
that a network is told, with assignments as of a Gaussian mixture. Every way of post-processing gets
the same logits. Scores are compared with OpenCV's SLIC at the count that was returned, interpolated
on each image over the logarithm of the count; labels of several parts count once.
"""

from functools import partial
from unittest import mock

import cv2
import numpy as np
import torch

from bench.datasets import open_dataset
from methods import get_method
from methods.canonical import canonicalise
from methods.neural import solver
from methods.neural.postprocess import postprocess
from methods.neural.scene import standardised
from methods.registry import get_class
from metrics import evaluate
from reports.statistics.intervals import mean_interval
from tests.benchmark.row import Row
from tests.shared import BSDS500

N, IMAGES = 100, 10
NETWORKS = ("rim", "ea", "proposed")
WAYS = ("none", "merge", "published", "even")
SCORES = ("asa", "br_r2", "ue_np")
COMPARED = SCORES[:2]
LADDER = (10, 20, 30, 45, 60, 80, 100, 125, 150, 180, 220, 270, 330, 400, 500, 700, 1000)
SCALE = 0.25  # of the sides of the image whose pixels k-means sees


def main(images: int = IMAGES) -> list[Row]:
    """Compare all ways on every image. Needs BSDS500."""
    if not BSDS500.is_dir():
        return []
    dataset = open_dataset("bsds500", root=BSDS500, split="val", limit=images)
    samples = [dataset.load(name) for name in dataset.names]
    slic = [scores_of(by_slic, sample) for sample in samples]
    rows = []
    for source, logits_of in sources().items():
        found = [scores_of(lambda image, f=logits_of: every_way(f(image)), s) for s in samples]
        for way in WAYS:
            rows += rows_of(f"{source}, {way}", [scores[way] for scores in found], slic)
    return rows


def sources():
    """Return a function from an image to logits for each source, by its title."""
    networks = {get_class(name).title: partial(by_network, name) for name in NETWORKS}
    return networks | {"k-means": by_k_means}


def scores_of(labels_of, sample):
    """Return the scores of each label map that a function makes of an image."""
    return {name: scored(labels, sample) for name, labels in labels_of(sample.image).items()}


def scored(labels, sample):
    """Return scores and count of a label map."""
    labels = canonicalise(labels)
    found = evaluate(labels, list(sample.truths), metrics=list(SCORES))
    return {name: found[name] for name in SCORES} | {"count": int(labels.max()) + 1}


def every_way(logits):
    """Return the labels after each way of post-processing."""
    return {way: postprocess(logits, N, way) for way in WAYS}


def by_slic(image):
    """Return labels of OpenCV's SLIC at several counts."""
    slic = get_method("cvslic")
    return {n: slic.segment(image, n) for n in LADDER}


def by_network(name, image):
    """Return the logits of a network with the preset quick."""
    method = get_method(name, preset="quick", device="cpu")
    with mock.patch.object(solver, "postprocess", wraps=postprocess) as seen:
        method.solve(image, N)
    return seen.call_args.args[0]


def by_k_means(image):
    """Return log-likelihoods of k-means of colour and position, found on a smaller image."""
    cv2.setRNGSeed(0)
    small = cv2.resize(image, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)
    points, every = (features(each) for each in (small, image))
    often = (cv2.TERM_CRITERIA_MAX_ITER, 20, 0.0)
    squares, _, centres = cv2.kmeans(points, N, None, often, 1, cv2.KMEANS_PP_CENTERS)
    variance = squares / points.size
    distances = torch.cdist(torch.from_numpy(every), torch.from_numpy(centres))
    return (-(distances**2) / (2 * variance)).unflatten(0, image.shape[:2])


def features(image):
    """Return standardised colour and position of each pixel, (H * W, 5)."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return standardised(np.dstack([image, rows, columns])).reshape(-1, 5)


def rows_of(name, found, slic):
    """Return a row for ASA and one for recall, as differences to OpenCV's SLIC at equal count."""
    means = {what: np.mean([each[what] for each in found]) for what in (*SCORES, "count")}
    note = "; ".join(f"{what} {value:.3f}" for what, value in means.items())
    ahead = np.array(
        [
            [each[what] - at_count(ladder, each["count"], what) for what in COMPARED]
            for each, ladder in zip(found, slic, strict=True)
        ]
    )
    low, high = mean_interval(ahead)
    return [
        Row(f"{name}: {what} ahead of cvslic", mean, "", None, f"{a:+.3f} to {b:+.3f}; {note}")
        for what, mean, a, b in zip(COMPARED, ahead.mean(0), low, high, strict=True)
    ]


def at_count(ladder, count, what):
    """Return a score of a method, known at some counts, at another; NaN beyond them."""
    known = sorted(ladder.values(), key=lambda each: each["count"])
    counts, scores = ([each[key] for each in known] for key in ("count", what))
    return float(np.interp(np.log(count), np.log(counts), scores, left=np.nan, right=np.nan))
