"""A made-up image with one object, and label maps that are good or bad at one thing each."""

from itertools import pairwise

import numpy as np
from PIL import Image

from metrics.connectivity import connect
from metrics.labelmap import LabelMap

HEIGHT, WIDTH = 64, 96
COLUMNS, ROWS = (0, 10, 21, 37, 53, 74, 96), (0, 12, 28, 44, 64)  # of 24 cells that fit
TOP, BOTTOM, LEFT, RIGHT = 12, 44, 21, 53  # of the object
N = 24
SCALE = 3  # a pixel of the scene is so many of its picture

row, column = np.mgrid[:HEIGHT, :WIDTH]
TRUTH = ((row >= TOP) & (row < BOTTOM) & (column >= LEFT) & (column < RIGHT)).astype(np.int32)


def _image():
    """Paint a bright object on a dark ground, both with a slope of colour and a little noise."""
    slope = (column / WIDTH)[..., None] * np.array([30, 24, 18])
    ground, thing = np.array([70, 92, 128]), np.array([226, 168, 92])
    flat = np.where(TRUTH[..., None] == 1, thing, ground) + slope
    return (flat + np.random.default_rng(0).normal(0, 4, flat.shape)).clip(0, 255).astype(np.uint8)


IMAGE = _image()


def _cells(columns, rows):
    """Return the labels of the cells between grid lines, numbered row by row."""
    inner = np.searchsorted(columns[1:-1], column, side="right")
    return inner + (len(columns) - 1) * np.searchsorted(rows[1:-1], row, side="right")


def _halved(lines):
    """Put a line in the middle between each two."""
    middles = [(a + b) // 2 for a, b in pairwise(lines)]
    return sorted([*lines, *middles])


def _moved(by):
    """Move the inner grid lines."""

    def move(lines):
        return (lines[0], *(line + by for line in lines[1:-1]), lines[-1])

    return _cells(move(COLUMNS), move(ROWS))


def _leak(fits):
    """Let a superpixel of the ground reach 8 px into the object, a pixel wide."""
    labels = fits.copy()
    labels[20, LEFT : LEFT + 8] = labels[20, LEFT - 1]
    return labels


def _merged(fits):
    """Give a superpixel of the object to its neighbour outside."""
    return np.where(fits == fits[20, LEFT], fits[20, LEFT - 1], fits)


def _ragged(fits):
    """Make boundaries a zigzag where they are not the object's."""
    zigzag = np.abs(np.arange(max(HEIGHT, WIDTH)) % 6 - 3)
    bent = fits[
        (row + zigzag[column]).clip(0, HEIGHT - 1), (column + zigzag[row]).clip(0, WIDTH - 1)
    ]
    first = np.unique(fits, return_index=True)[1]
    inside = TRUTH.ravel()[first]  # of each cell
    cut = np.where(inside[bent] == TRUTH, bent, fits).astype(np.int32)
    return connect(LabelMap(cut), "merge").values


def _pieces(fits):
    """Let cells of one segment swap their right halves in turn: each is in two places."""
    labels = fits.copy()
    for segment in (0, 1):
        members = np.unique(fits[np.equal(TRUTH, segment)])
        following = dict(zip(members, np.roll(members, len(members) // 2), strict=True))
        for cell in members:
            rows, columns = np.nonzero(fits == cell)
            right = columns >= (columns.min() + columns.max() + 1) // 2
            labels[rows[right], columns[right]] = following[cell]
    return labels


def _uneven(fits):
    """Merge the four cells on the right, and cut the first one in four."""
    labels = np.where(column >= COLUMNS[5], fits[0, -1], fits)
    first = fits == fits[0, 0]
    return np.where(first, 100 + 2 * (row // 6) + column // 5, labels)


FITS = _cells(COLUMNS, ROWS)

#: What each does, and its labels.
MAPS = {
    "fits": ("follows the object", FITS),
    "grid": ("a regular grid that follows nothing", _cells(range(0, 97, 16), range(0, 65, 16))),
    "moved 2": ("the first, 2 px too far right and down", _moved(2)),
    "moved 5": ("the first, 5 px too far right and down", _moved(5)),
    "leak": ("a tongue of 8 px reaches into the object", _leak(FITS)),
    "merged": ("one superpixel lies half inside the object", _merged(FITS)),
    "ragged": ("follows the object, and is jagged elsewhere", _ragged(FITS)),
    "pieces": ("follows the object, each superpixel in two places", _pieces(FITS)),
    "uneven": ("follows the object, sizes differ", _uneven(FITS)),
    "finer": (
        "follows the object with four times as many",
        _cells(_halved(COLUMNS), _halved(ROWS)),
    ),
    "stripes": ("24 stripes that follow nothing", column // 4),
    "pixels": ("each pixel is a superpixel", row * WIDTH + column),
}


def draw(name):
    """Return the picture of a label map: superpixels on the scene, the object outlined in white.

    Returns
    -------
    PIL.Image.Image
    """
    fine = MAPS[name][1].repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    picture = IMAGE.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    truth = TRUTH.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    if name == "pixels":  # there is no place for lines
        picture[((column + row) % 2 == 0).repeat(SCALE, axis=0).repeat(SCALE, axis=1)] //= 2
        lines = np.zeros(fine.shape, bool)
    else:
        lines = _edges(fine, 1)
    if name == "pieces":  # show which two places are one superpixel
        picture[fine == MAPS[name][1][TOP, LEFT]] = (150, 90, 180)
    picture[lines] = (20, 24, 33)
    picture[_edges(truth, 2) & ~lines] = (255, 255, 255)
    return Image.fromarray(picture)


def _edges(labels, width):
    """Tell which pixels are within `width` before or behind a change of label."""
    line = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        for step in range(1, width + 1):
            differ = np.diff(labels, axis=axis) != 0
            for begin in (step, -step + 1):
                place = np.nonzero(differ)
                moved = list(place)
                moved[axis] = (moved[axis] + begin).clip(0, labels.shape[axis] - 1)
                line[tuple(moved)] = True
    return line
