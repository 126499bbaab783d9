"""Methods look on a page as in the figures, and stand out on dark ground, too."""

import re

import pytest
from matplotlib.colors import to_hex, to_rgb

from reports.figures.style import KNOWN, assign
from reports.page.render import TEMPLATE, read_style
from reports.page.styles import DARK, LEAST_CONTRAST, contrast, look, on_dark

MANY = assign(f"M{i}" for i in range(65)) | assign(KNOWN)


@pytest.mark.parametrize(
    ("one", "other", "expected"), [("#fff", "#000", 21), ("#777", "#fff", 4.48)]
)
def test_contrast_is_that_of_the_guidelines(one, other, expected):
    assert contrast(to_rgb(one), to_rgb(other)) == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("style", MANY.values(), ids=list(MANY))
def test_every_look_stands_out_on_dark_ground_and_keeps_its_marker(style):
    its = look(style)
    assert contrast(to_rgb(its["dark"]), to_rgb(DARK)) >= LEAST_CONTRAST - 0.05
    assert its["colour"] == to_hex(style.colour)
    assert its["marker"] == style.marker
    assert bool(its["dash"]) == (style.dash != "-")


def test_a_colour_that_stands_out_already_is_kept():
    assert on_dark("#56b4e9") == "#56b4e9"
    assert on_dark("#000000") != "#000000"


def test_the_script_draws_every_marker_and_the_style_has_the_same_ground():
    script = (TEMPLATE / "chart.js").read_text("utf-8")
    table = script[script.index("const MARKERS") : script.index("function mark(")]
    drawn = set(re.findall(r'(?:^|[ {"])([A-Za-z^<>*])"?: \[', table)) | {"o"}
    assert {style.marker for style in MANY.values()} <= drawn
    assert DARK in read_style()
    assert DARK in script
