"""Every method keeps one look, and no two look the same in black and white."""

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.registry import BUILTIN, get_class
from reports.figures.style import KNOWN, assign, styled

NAMES = st.sampled_from(
    ["SLIC", "FH", "LSC", "Proposed", "Ours", "Zeta", "SLIC[compactness=1]", "SLIC[compactness=9]"]
)


def look_in_grey(style):
    return style.marker, style.dash


def test_a_method_whose_pieces_are_treated_in_several_ways_keeps_its_look_once():
    styles = assign(["SLIC (as-is)", "SLIC (merge)", "LSC (components)"])
    assert styles["SLIC (as-is)"] == KNOWN["slic"]
    assert styles["LSC (components)"] == KNOWN["lsc"]
    assert styles["SLIC (merge)"] not in (KNOWN["slic"], KNOWN["lsc"])


def test_known_methods_differ_in_marker_or_dash():
    assert len(set(map(look_in_grey, KNOWN.values()))) == len(KNOWN)


def test_sixty_three_labels_differ_in_marker_or_dash():
    labels = [*KNOWN, *(f"Mine {i}" for i in range(20)), *(f"SLIC[a={i}]" for i in range(14))]
    styles = assign(labels)
    assert len(set(map(look_in_grey, styles.values()))) == len(labels) == 63


def test_methods_of_one_s_own_differ_in_the_marker_first():
    styles = assign(f"Mine {i}" for i in range(13))
    assert len({style.marker for style in styles.values()}) == 13


@given(st.sets(NAMES), st.sets(NAMES))
def test_a_known_method_looks_the_same_in_every_figure(some, more):
    known = [name for name in some if name.casefold() in KNOWN]
    alone, together = assign(some), assign(some | more)
    assert [alone[name] for name in known] == [together[name] for name in known]


@given(st.permutations(["SLIC", "Ours", "Zeta", "SLIC[compactness=9]", "FH"]))
def test_the_order_of_labels_does_not_matter(labels):
    assert assign(labels) == assign(sorted(labels))


def test_a_method_with_parameters_looks_like_the_method_if_it_is_alone():
    assert assign(["Proposed[blocks=2]"])["Proposed[blocks=2]"] == KNOWN["proposed"]
    both = assign(["Proposed", "Proposed[blocks=2]"])
    assert both["Proposed"] == KNOWN["proposed"] != both["Proposed[blocks=2]"]


@pytest.mark.parametrize(
    ("label", "known"),
    [
        ("RIM (quick)", "rim"),
        ("RIM (quick)[blocks=2]", "rim"),
        ("EA (quick) (cuda)", "ea"),
        ("Proposed (quick)[blocks=3,edge=none] (merge)", "proposed"),
    ],
)
def test_a_network_with_the_quick_preset_looks_like_the_network(label, known):
    assert assign([label, "Mine"])[label] == KNOWN[known]


def test_a_network_and_its_quick_preset_in_one_figure_are_told_apart():
    styles = assign(["RIM (quick)", "RIM", "RIM (quick)[blocks=2]"])
    assert styles["RIM"] == KNOWN["rim"]
    assert len(set(map(look_in_grey, styles.values()))) == 3


def test_more_labels_than_looks_still_get_one():
    assert len(assign(map(str, range(200)))) == 200


@pytest.mark.parametrize("style", assign([*KNOWN, *map(str, range(20))]).values())
def test_every_colour_shows_on_white_paper(style):
    red, green, blue = (int(style.colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    assert 1.05 / (luminance + 0.05) > 2  # WCAG's contrast to white; yellow has 1.1


def test_settings_are_given_back():
    names = [name for name in mpl.rcParams if name != "backend"]  # is chosen when first read
    before = {name: mpl.rcParams[name] for name in names}
    with styled():
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert {name: mpl.rcParams[name] for name in names} == before


@pytest.mark.parametrize("name", [name for name in BUILTIN if name != "command"])
def test_every_built_in_method_has_a_style_of_its_own(name):
    title = get_class(name).title
    assert assign([title, "Mine"])[title] in KNOWN.values()
