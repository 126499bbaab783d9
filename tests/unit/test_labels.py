"""A label follows from a method and its parameters, whatever else is in the run or the file."""

import pandas as pd
import pytest

from bench.errors import UsageError
from bench.planning.cells import Cell
from bench.planning.labels import settle_labels
from bench.planning.selection import choose, parse_terms
from bench.planning.variants import make_variants
from bench.storage.labels import Labelled
from methods.registry import BUILTIN, get_class, load_plugin_file
from reports.data.align import align
from reports.data.choose import choose_labels
from reports.data.labels import tell_apart
from reports.data.schema import ResultsError
from tests.conftest import PLUGIN

TWIN = """
from methods import Method, register

@register
class Twin(Method):
    name = "{name}"
    title = "Twin"

    def segment(self, image, n):
        return image[..., 0]
"""


@pytest.fixture(scope="module", autouse=True)
def plugins(tmp_path_factory):
    load_plugin_file(PLUGIN)
    for name in ("twin_a", "twin_b"):
        path = tmp_path_factory.mktemp("plugins") / f"{name}.py"
        path.write_text(TWIN.format(name=name))
        load_plugin_file(path)


def variants(text):
    names = ["grid", "grid2", "slic", "slico"]
    return make_variants(choose(parse_terms(text), names, list), preset="quick", device="cpu")


def labels(text):
    return [variant.label for variant in variants(text)]


# --- labels of a run ---------------------------------------------------------------------------


def test_no_two_built_in_methods_have_one_title():
    titles = [get_class(name).title.casefold() for name in BUILTIN]
    assert sorted(titles) == sorted(set(titles))


def test_a_label_does_not_depend_on_what_else_is_run():
    together = labels("grid,grid2,twin_a,twin_b,slic[compactness=1],net")
    alone = [
        label
        for text in ("grid", "grid2", "twin_a", "twin_b", "slic[compactness=1]", "net")
        for label in labels(text)
    ]
    assert together == alone


def test_a_plugin_with_the_title_of_a_built_in_method_has_its_name_behind_it():
    assert labels("grid2,grid") == ["Grid (grid2)", "Grid"]


# --- labels that the user gives ----------------------------------------------------------------

COMMAND = "command[cmd=./sp.sh {image} {n} {labels}]"


def test_a_choice_can_be_named():
    assert labels(f"mine:{COMMAND},slic") == ["mine", "SLIC"]
    assert labels("my own v1.2_b-c : net[preset=paper,blocks=2]") == ["my own v1.2_b-c"]


def test_a_name_is_no_part_of_what_the_cell_is():
    (named,), (plain,) = variants("mine:slic"), variants("slic")
    assert (named.identity, named.folder) == (plain.identity, plain.folder)


def test_a_named_grid_says_what_varies_and_nothing_else():
    text = "mine:net[blocks=2,3,iterations=7,preset=paper]"
    assert labels(text) == ["mine[blocks=2]", "mine[blocks=3]"]
    assert labels("mine:noisy[seed=0,1]") == ["mine", "mine"]


def test_a_name_holds_for_the_same_choice_without_one():
    assert labels("slic,mine:slic[compactness=10]") == ["mine"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine:slic,mine:grid", "'mine' would be both slic and grid"),
        ("mine:sl*", "'mine' would be both slic and slico"),
        ("Grid:slic,grid", "'Grid' would be both slic and grid"),
        ("a:slic,b:slic[compactness=10]", "'a' and 'b' are both slic; give it one label"),
        ("a:noisy[seed=0],b:noisy[seed=1]", "'a' and 'b' are both noisy"),
        ("a/b:slic", "'a/b' in 'a/b:slic' cannot be a label; write LABEL:NAME"),
        (":slic", "'' in ':slic' cannot be a label"),
        ("mine:", "'mine:' names no method"),
        ("mine:slicc", "slic"),
    ],
)
def test_a_name_that_cannot_be_is_told(text, message):
    with pytest.raises(UsageError, match=message):
        variants(text)


# --- labels of a run and of the rows that there are --------------------------------------------


def cell(method, label, params="{}", scored=False, called=False):
    return Cell(
        *("key", "im0", "content", (3, 4), method, params, label, 9, 0, "cpu"),
        labels_path="im0.png" if scored else None,
        called=called,
    )


SLIC = Labelled("slic", "{}", "SLIC", scored=False)


def settle(cell, *stored):
    return settle_labels([cell], set(stored), "r.parquet")


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        (cell("SLIC", "SLIC", scored=True), SLIC),
        (cell("slic", "SLIC"), Labelled("SLIC", "{}", "SLIC", scored=True)),
        (cell("grid", "SLIC", called=True), SLIC),
        (cell("stripes", "stripes"), Labelled("stripes", "{}", "stripes", scored=True)),
        (cell("stripes", "stripes", scored=True), Labelled("stripes", "{}", "mine", scored=False)),
    ],
)
def test_a_label_of_something_else_in_the_file_is_refused(asked, stored):
    with pytest.raises(UsageError, match=r"stands for .* in r.parquet already; give") as refusal:
        settle(asked, stored)
    assert asked.label in str(refusal.value)
    assert "another --out" in str(refusal.value)


def test_two_plugins_of_one_title_may_stand_in_one_file():
    stored = Labelled("twin_b", "{}", "Twin", scored=False)
    assert settle(cell("twin_a", "Twin"), stored).labels == {}


def test_stored_rows_of_the_same_variant_take_the_label_of_the_run():
    renewed = settle(cell("slic", "mine", called=True), SLIC)
    assert renewed.labels == {("slic", "{}"): "mine"}
    (line,) = renewed.explain("r.parquet")
    assert "'SLIC'" in line
    assert "'mine'" in line
    assert settle(cell("slic", "SLIC"), SLIC).labels == {}


def test_a_label_that_is_given_up_can_be_taken():
    cells = [cell("slic", "mine", called=True), cell("grid", "SLIC", called=True)]
    renewed = settle_labels(cells, {SLIC}, "r.parquet")
    assert renewed.labels == {("slic", "{}"): "mine"}


# --- labels when results are read --------------------------------------------------------------


def rows(*variants):
    """Make two images of each (method, params, label, connectivity)."""
    return pd.DataFrame(
        [
            {"dataset": "d", "split": "", "image": image, "n": 9.0, "seed": 0, "status": "ok"}
            | {"device": "cpu", "threads": 1, "contended": False, "time_repeats": 1, "time_s": 1.0}
            | {"method": method, "params": params, "label": label, "connectivity": connectivity}
            | {"n_labels": 9, "asa": 0.5}
            for method, params, label, connectivity in variants
            for image in "ab"
        ]
    )


def shown(frame):
    notes = []
    found = tell_apart(frame, notes.append)
    return sorted(found["label"].unique()), notes


def test_two_methods_of_one_title_become_two_curves_with_a_note():
    frame = rows(("a", "{}", "Twin", "merge"), ("b", "{}", "Twin", "merge"))
    names, notes = shown(frame)
    assert names == ["Twin (a)", "Twin (b)"]
    assert "'Twin' of method a is shown as 'Twin (a)'" in notes
    (group,) = align(choose_labels(frame, ["*"], []), ["asa"])
    assert set(group.labels) == set(names)


def test_two_settings_of_one_label_are_told_apart_by_what_differs():
    frame = rows(
        ("a", '{"x": 1, "y": 2}', "mine", "merge"), ("a", '{"x": 3, "y": 2}', "mine", "merge")
    )
    assert shown(frame)[0] == ["mine[x=1]", "mine[x=3]"]


def test_a_method_that_was_resumed_under_another_label_is_one_curve():
    frame = rows(("grid", "{}", "Grid", "merge"), ("grid", "{}", "Grid (grid)", "merge")[:4])
    frame.loc[2:, "n"] = 16.0
    names, notes = shown(frame)
    assert names == ["Grid"]
    assert notes == ["'Grid' and 'Grid (grid)' of method grid is shown as 'Grid'"]


def test_treatments_of_unconnected_labels_stay_apart():
    frame = rows(("slic", "{}", "SLIC (as-is)", "as-is"), ("slic", "{}", "SLIC (merge)", "merge"))
    assert shown(frame) == (["SLIC (as-is)", "SLIC (merge)"], [])


def test_labels_without_what_they_stand_for_are_left_as_they_are():
    frame = pd.DataFrame({"label": ["A", "B"]})
    assert tell_apart(frame) is frame


# --- renaming when results are drawn -----------------------------------------------------------

THREE = rows(*((name.lower(), "{}", name, "merge") for name in ("SLIC", "SEEDS", "FH")))


def renamed(rename, only=("*",), without=()):
    return sorted(choose_labels(THREE, only, without, rename)["label"].unique())


def test_a_label_can_be_renamed_and_two_exchanged():
    assert renamed({"SLIC": "ours"}) == ["FH", "SEEDS", "ours"]
    assert renamed({"slic": "FH", "FH": "SLIC"}) == ["FH", "SEEDS", "SLIC"]


def test_only_and_without_go_by_the_labels_before_they_are_renamed():
    assert renamed({"SLIC": "ours"}, only=["SL*"]) == ["ours"]
    assert renamed({"SLIC": "ours"}, without=["slic"]) == ["FH", "SEEDS"]


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ({"SLICO": "ours"}, r"--rename: no label 'SLICO'; did you mean 'SLIC'\?"),
        ({"zz": "ours"}, "there are FH, SEEDS, SLIC"),
        ({"SLIC": "FH"}, "'SLIC' and 'FH' would both be 'FH'|'FH' and 'SLIC' would both be 'FH'"),
        ({"SLIC": "x", "FH": "x"}, "would both be 'x'"),
    ],
)
def test_a_renaming_that_cannot_be_is_told(rename, message):
    with pytest.raises(ResultsError, match=message):
        renamed(rename)


def test_a_label_of_another_file_may_be_renamed():
    assert len(choose_labels(THREE, ["*"], [], {"Mine": "ours"}, known={"Mine"})) == 6
