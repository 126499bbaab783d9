"""Colours that are told apart by everybody, or do not have to be: marker and line differ too."""

from itertools import combinations

import numpy as np
import pytest
from skimage.color import rgb2lab

from reports.figures.style import FAINT, KNOWN, assign

# Machado, Oliveira, Fernandes, A physiologically-based model for simulation of color vision
# deficiency, IEEE TVCG 2009, doi 10.1109/TVCG.2009.113, table of severity 1.0; linear RGB.
VISIONS = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "grey": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
}
CLOSE = 10.0  # CIELAB; colours that are nearer are one colour at the size of a line
MANY = 7  # so many lines of many are in colour


def seen(colour, vision):
    """The CIELAB coordinates of a colour as somebody sees it, or a grey printer prints it."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(VISIONS[vision]) @ linear, 0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(rgb[None, None])[0, 0]


def apart(one, other, vision):
    return np.linalg.norm(seen(one.colour, vision) - seen(other.colour, vision))


@pytest.mark.parametrize("vision", [v for v in VISIONS if v != "grey"])
def test_methods_whose_colours_are_close_for_somebody_have_another_marker(vision):
    for (a, one), (b, other) in combinations(KNOWN.items(), 2):
        assert apart(one, other, vision) >= CLOSE or one.marker != other.marker, (a, b)


def test_methods_of_the_same_grey_have_another_marker_or_line():
    for (a, one), (b, other) in combinations(KNOWN.items(), 2):
        same = one.marker == other.marker and one.dash == other.dash
        assert apart(one, other, "grey") >= CLOSE or not same, (a, b)


@pytest.mark.parametrize("vision", VISIONS)
def test_methods_of_one_s_own_whose_colours_are_close_for_somebody_have_another_marker(vision):
    for one, other in combinations(assign(f"Mine {i}" for i in range(12)).values(), 2):
        assert apart(one, other, vision) >= CLOSE or one.marker != other.marker


@pytest.mark.parametrize("vision", [v for v in VISIONS if v != "grey"])
def test_a_few_methods_of_one_s_own_are_told_apart_by_colour_alone(vision):
    colours = [style.colour for style in assign(f"Mine {i}" for i in range(MANY)).values()]
    for one, other in combinations(colours, 2):
        assert np.linalg.norm(seen(one, vision) - seen(other, vision)) >= CLOSE


@pytest.mark.parametrize("vision", VISIONS)
def test_lines_that_are_there_for_comparison_are_lighter_than_any_in_colour(vision):
    faint = seen(FAINT, vision)[0]
    assert all(seen(style.colour, vision)[0] <= faint + 1 for style in KNOWN.values())
