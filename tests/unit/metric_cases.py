"""Random partitions, images and void masks for the tests of metrics."""

import math

import numpy as np
from hypothesis import strategies as st


@st.composite
def shapes(draw, smallest=1, largest=12):
    return draw(st.tuples(*[st.integers(smallest, largest)] * 2))


@st.composite
def partitions(draw, shape, most=8):
    """Regions of blocks, of scattered pixels, or of nearest seeds."""
    height, width = shape
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, most))
    y, x = np.mgrid[:height, :width]
    kind = draw(st.sampled_from(["blocks", "scattered", "nearest"]))
    if kind == "scattered":
        return rng.integers(0, count, shape).astype(np.int32)
    if kind == "blocks":
        return ((y * count // height) * count + x * count // width).astype(np.int32)
    seeds = rng.random((count, 2)) * shape
    distance = (y[..., None] - seeds[:, 0]) ** 2 + (x[..., None] - seeds[:, 1]) ** 2
    return distance.argmin(axis=2).astype(np.int32)


@st.composite
def images(draw, shape):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low, high = draw(st.sampled_from([(0, 256), (0, 2), (250, 256), (7, 8)]))
    return rng.integers(low, high, (*shape, 3)).astype(np.uint8)


@st.composite
def voids(draw, shape):
    """A mask that leaves a pixel, or None."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.5]))
    mask[rng.integers(shape[0]), rng.integers(shape[1])] = False
    return draw(st.sampled_from([None, mask]))


@st.composite
def cases(draw, largest=12):
    """All arguments of `evaluate` but the names of metrics."""
    shape = draw(shapes(largest=largest))
    annotators = draw(st.integers(1, 3))
    return {
        "labels": draw(partitions(shape)),
        "truths": [draw(partitions(shape, most=5)) for _ in range(annotators)],
        "image": draw(images(shape)),
        "n": draw(st.integers(1, 20)),
        "void": draw(voids(shape)),
    }


def assert_same(scores, expected, tolerance=0.0):
    """Both define the same keys and agree, NaN with NaN; exactly, unless a tolerance is given."""
    assert scores.keys() == expected.keys()
    for name, value in scores.items():
        ours, theirs = np.atleast_1d(value), np.atleast_1d(expected[name])
        assert ours.shape == theirs.shape, name
        for a, b in zip(ours, theirs, strict=True):
            assert (math.isnan(a) and math.isnan(b)) or math.isclose(
                a, b, rel_tol=tolerance, abs_tol=tolerance
            ), f"{name}: {a!r} is not {b!r}"
