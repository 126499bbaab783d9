"""Which images a page shows; what lies over them are the boundaries of their label maps."""

import base64
import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from reports.data.align import align
from reports.data.results import load
from reports.page.gallery import SIDE, NoPictureError, Pictures, choose, make_gallery
from reports.statistics.aggregate import analyse
from tests.fake_results import write_changed

SHAPE = (40, 60)
LEVELS = {"SLIC": [0.9, 0.5, 0.7, 0.8], "FH": [0.8, 0.5, 0.3, 0.8]}  # asa of four images


def _results(tmp_path, **fake):
    def change(frame):
        asa = [LEVELS[row.label][int(row.image[-1])] for row in frame.itertuples()]
        files = [f"{row.label}/{row.n}/{row.image}" for row in frame.itertuples()]
        return frame.assign(
            asa=pd.array(asa, "double[pyarrow]"), labels_file=pd.array(files, "string[pyarrow]")
        )

    how = {"labels": tuple(LEVELS), "ns": (50, 100), "images": 4} | fake
    path = write_changed(tmp_path / "r.parquet", change, **how)
    rows = load(path, ("dataset", "split", "image", "label", "n", "seed", "status", "n_labels",
        "n_components", "time_s", "time_repeats", "contended", "device", "threads", "asa",
        "labels_file", "method", "params", "connectivity", "version", "content", "suite",
        "machine", "perturbation"))  # fmt: skip
    (aligned,) = align(rows, ["asa"])
    return analyse(aligned, ["asa"]), rows


def _image(*_):
    rng = np.random.default_rng(0)
    return rng.integers(0, 255, (*SHAPE, 3), dtype=np.uint8), [np.ones(SHAPE, np.int32)]


def _stripes(file):
    return np.tile(np.arange(SHAPE[1]) // (7 + len(file) % 3), (SHAPE[0], 1))


def _mask(text):
    picture = Image.open(io.BytesIO(base64.b64decode(text)))
    assert picture.mode == "1"
    return np.array(picture), picture.info["transparency"]


def test_the_best_the_worst_and_the_most_disputed_image_are_chosen(tmp_path):
    group, _ = _results(tmp_path)
    assert choose(group, 3) == {0: ["best"], 1: ["worst"], 2: ["disputed"]}
    assert list(choose(group, 2)) == [0, 1]


def test_of_few_images_all_are_shown_and_none_is_best_and_worst(tmp_path):
    group, _ = _results(tmp_path)
    chosen = choose(group, 12)
    assert set(chosen) == {0, 1, 2, 3}
    assert not any({"best", "worst"} <= set(kinds) for kinds in chosen.values())


def test_of_one_method_nothing_is_disputed(tmp_path):
    group, _ = _results(tmp_path, labels=("SLIC",))
    assert choose(group, 2) == {0: ["best"], 1: ["worst"]}


def test_an_image_on_which_a_method_has_no_value_hides_no_other(tmp_path):
    group, _ = _results(tmp_path)
    its = np.array(group.aligned.labels) == "FH"
    group.aligned.scores["asa"][3, its] = np.nan
    assert list(choose(group, 2)) == [0, 1]


def test_boundaries_are_where_the_right_or_lower_neighbour_has_another_label(tmp_path):
    group, rows = _results(tmp_path)
    gallery = make_gallery(group, rows, Pictures(_image, _stripes, 1))
    place = group.aligned.labels.index("SLIC")
    (maps,) = gallery.maps
    labels = _stripes("SLIC/50/image00000")
    expected = np.zeros(SHAPE, bool)
    expected[:, :-1] = np.diff(labels, axis=1) != 0
    mask, transparent = _mask(maps[str(place)])
    np.testing.assert_array_equal(mask, expected)
    assert transparent == 0
    assert gallery.images[0]["scores"]["asa"][place] == 0.9
    assert not _mask(maps["truth"])[0].any()


def test_large_images_are_thinned_out_with_their_label_maps(tmp_path):
    group, rows = _results(tmp_path)
    large = (SIDE * 2 + 10, 20)

    def image(*_):
        return np.zeros((*large, 3), np.uint8), []

    gallery = make_gallery(
        group, rows, Pictures(image, lambda _: np.arange(large[0])[:, None] + np.zeros(large), 1)
    )
    shown = gallery.images[0]
    assert shown["thinned"]
    assert max(shown["width"], shown["height"]) <= SIDE
    assert _mask(gallery.maps[0]["0"])[0].shape == (shown["height"], shown["width"])


def test_pictures_stop_where_the_page_would_become_too_large(tmp_path):
    group, rows = _results(tmp_path)
    pictures = Pictures(_image, _stripes, 4)
    whole = make_gallery(group, rows, pictures)
    part = make_gallery(group, rows, pictures, budget=5000)
    assert len(whole.images) == 4
    assert 1 <= len(part.images) < 4
    assert "would make the page too large" in part.notes[-1]


def _nothing(*_):
    raise NoPictureError("it is gone")


def test_what_is_not_at_hand_is_told_with_its_reason(tmp_path):
    group, rows = _results(tmp_path)
    no_images = make_gallery(group, rows, Pictures(_nothing, _stripes, 3))
    assert not no_images.images
    assert "3 images not shown" in no_images.notes[0]
    assert "because it is gone" in no_images.notes[0]
    no_maps = make_gallery(group, rows, Pictures(_image, _nothing, 3))
    assert not no_maps.images
    assert "none of their label maps is there" in no_maps.notes[0]


def test_a_label_map_that_is_gone_or_of_another_size_leaves_the_others(tmp_path):
    group, rows = _results(tmp_path)

    def labels(file):
        if file.startswith("FH/50"):
            _nothing()
        return _stripes(file)[:10] if file.startswith("FH/100") else _stripes(file)

    gallery = make_gallery(group, rows, Pictures(_image, labels, 1))
    its = {str(i) for i, label in enumerate(group.aligned.labels) if label == "SLIC"}
    assert set(gallery.maps[0]) == its | {"truth"}
    assert "2 label maps are not there any more" in gallery.notes[0]


@pytest.mark.parametrize("pictures", [None, Pictures(_image, _stripes, 0)])
def test_no_pictures_are_shown_where_none_are_wanted(tmp_path, pictures):
    gallery = make_gallery(*_results(tmp_path), pictures)
    assert (gallery.images, gallery.maps) == ([], [])
