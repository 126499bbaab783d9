"""SLIC with some of the rows in each pass, one pixel at a time; distances are single floats.

Shares nothing with the package.
"""

import math

import numpy as np

one = np.float32
UNIT = 2**14
TO_XYZ = [
    [0.412453, 0.357580, 0.180423],
    [0.212671, 0.715160, 0.072169],
    [0.019334, 0.119193, 0.950227],
]
WHITE = [0.950456, 1.0, 1.088754]


def lab(pixel):
    """L*, a* and b* of an sRGB pixel, from whole numbers."""
    linear = [round(UNIT * light(value / 255)) for value in pixel.tolist()]
    f = []
    for row, white in zip(TO_XYZ, WHITE, strict=True):
        weights = [round(UNIT * coefficient / white) for coefficient in row]
        weights[2] = UNIT - weights[0] - weights[1]  # greys have no colour
        total = sum(w * v for w, v in zip(weights, linear, strict=True))
        f.append(one(root((total + UNIT // 2) // UNIT / UNIT)))
    return [
        one(116) * f[1] - one(16),
        one(500) * (f[0] - f[1]),
        one(200) * (f[1] - f[2]),
    ]


def light(value):
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def root(t):
    return np.cbrt(t) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29


def fastslic(image, rows, columns, compactness, iterations, interlace):
    """The cluster of each pixel, before parts are found and small ones merged."""
    height, width = image.shape[:2]
    colour = {p: lab(image[p]) for p in np.ndindex(height, width)}
    label = {(y, x): y * rows // height * columns + x * columns // width for y, x in colour}
    weight = one(compactness**2 / (height * width / (rows * columns)))
    reach = max(math.ceil(height / rows), math.ceil(width / columns))
    step = min(interlace, max(1, height // rows // 4))
    centres = means({}, colour, label)
    for i in range(iterations):
        last = i == iterations - 1
        for p in colour:
            if last or p[0] % step == i % step:
                label[p] = nearest(p, colour[p], centres, weight, reach, label[p])
        here = colour if last else {p: c for p, c in colour.items() if p[0] % step == i % step}
        centres = means(centres, here, label)
    return label


def means(centres, colour, label):
    """The centres, those with pixels among these at their means."""
    members = {}
    for p, c in colour.items():
        members.setdefault(label[p], []).append([float(v) for v in (*c, *p)])
    new = {
        k: [sum(column) / len(each) for column in zip(*each, strict=True)]
        for k, each in members.items()
    }
    return centres | new


def nearest(p, colour, centres, weight, reach, otherwise):
    best, least = otherwise, one(np.inf)
    for k in sorted(centres):
        centre = centres[k]
        if max(abs(p[0] - centre[3]), abs(p[1] - centre[4])) > reach:
            continue
        gap = [v - one(m) for v, m in zip(colour, centre[:3], strict=True)]
        left = max(math.ceil(centre[4] - reach), 0)  # offsets count from the window's left end
        dy, dx = one(p[0] - centre[3]), one(left - centre[4]) + one(p[1] - left)
        distance = (
            gap[0] * gap[0] + gap[1] * gap[1] + gap[2] * gap[2] + weight * (dy * dy + dx * dx)
        )
        if distance < least:
            best, least = k, distance
    return best
