"""The cells of a run: which there are, and what makes two of them the same."""

import numpy as np
import pytest

from bench.datasets import open_dataset
from bench.errors import UsageError
from bench.plan import make_plan, make_variants
from bench.selection import Choice
from tests.conftest import PLUGIN, write_png


@pytest.fixture(scope="module", autouse=True)
def plugin():
    from methods.registry import load_plugin_file

    load_plugin_file(PLUGIN)


@pytest.fixture
def dataset(tiny):
    return lambda: open_dataset("folder", root=tiny)


def plan(dataset, *choices, counts=(4, 9), seeds=(0,)):
    return make_plan(dataset, make_variants(choices, preset="auto"), counts, seeds)


def keys(cells):
    return [cell.key for cell in cells]


def test_cells_are_images_times_variants_times_counts_times_seeds(dataset):
    cells = plan(dataset(), Choice("grid"), Choice("stripes", (("offset", "1"),)), seeds=(0, 1))
    assert len(cells) == len(set(keys(cells))) == 3 * 2 * 2 * 2
    assert [cell.image for cell in cells] == sorted(cell.image for cell in cells)


def test_the_same_plan_has_the_same_keys(dataset):
    assert keys(plan(dataset(), Choice("grid"))) == keys(plan(dataset(), Choice("grid")))


def test_a_default_given_explicitly_is_the_same_cell(dataset):
    given = Choice("stripes", (("offset", "0"),))
    assert keys(plan(dataset(), given)) == keys(plan(dataset(), Choice("stripes")))


def test_content_decides_what_is_the_same(dataset, tiny):
    before = plan(dataset(), Choice("grid"), counts=(4,))
    write_png(tiny / "labels" / "ann1" / "im1.png", np.zeros((30, 40), np.uint8))
    after = plan(dataset(), Choice("grid"), counts=(4,))
    assert [a == b for a, b in zip(keys(before), keys(after), strict=True)] == [True, False, True]


def test_seed_goes_to_methods_that_declare_it_and_a_given_one_wins(dataset):
    drawn = plan(dataset(), Choice("noisy"), counts=(4,), seeds=(5, 6))
    assert [cell.given for cell in drawn[:2]] == [{"seed": 5}, {"seed": 6}]
    assert '"seed"' not in drawn[0].params
    [first, *_] = plan(dataset(), Choice("noisy", (("seed", "3"),)), counts=(4,), seeds=(5, 6))
    assert (first.given, first.seed) == ({"seed": 3}, 3)
    [plain, *_] = plan(dataset(), Choice("grid"), counts=(4,), seeds=(5,))
    assert plain.given == {}


def test_labels_name_what_differs_from_the_defaults(dataset):
    labels = {
        cell.label
        for cell in plan(
            dataset(),
            Choice("slic"),
            Choice("slic", (("compactness", "1"), ("sigma", "0"))),
            Choice("noisy", (("seed", "3"),)),
        )
    }
    assert labels == {"SLIC", "SLIC[compactness=1.0]", "noisy"}


def test_each_cell_stores_its_labels_under_a_name_of_its_own(dataset):
    cells = plan(
        dataset(),
        *(Choice("counts", (("folder", folder),)) for folder in ("a/b", "a b", "a_b")),
        Choice("noisy"),
        seeds=(0, 1),
    )
    names = [cell.labels_name for cell in cells]
    assert len(set(names)) == len(names)
    assert all(name.count("/") == 2 and ".." not in name and " " not in name for name in names)


def test_an_unreadable_image_still_has_its_cells(dataset, tiny):
    (tiny / "images" / "im1.png").write_bytes(b"no image")
    cells = plan(dataset(), Choice("grid"))
    assert [cell.size for cell in cells if cell.image == "im1"] == [None, None]
    assert len(cells) == 6


def test_a_count_above_the_pixels_declines_unless_all_do(dataset):
    cells = plan(dataset(), Choice("grid"), counts=(1200, 1201))
    assert [bool(cell.decline) for cell in cells] == [False, True] * 3
    with pytest.raises(UsageError, match=r"1201 is above .* 1200 pixels"):
        plan(dataset(), Choice("grid"), counts=(1201,))


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("gird"), "grid"),
        (Choice("grid", (("stepp", "1"),)), "step"),
        (Choice("grid", (("step", "wide"),)), "wide"),
        (Choice("grid", (("step", "-1"),)), "-1"),
        (Choice("command"), "cmd"),
    ],
)
def test_what_cannot_run_is_told_before_anything_does(choice, message):
    with pytest.raises(UsageError, match=message):
        make_variants([choice], preset="auto")
