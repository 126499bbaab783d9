"""Which data set a results file is of, whole or in part, and data sets of one's own by plugin."""

import json
import shutil

import cv2
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import scipy.io

from bench.cli import _status
from bench.datasets.bsds500 import published_names
from reports.data.schema import run_facts
from tests.conftest import write_png


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Run ``bench ...`` in this process, in an empty folder; return its status and what it says."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = _status([str(part) for part in arguments])
        said = capfd.readouterr()
        return status, said.out + said.err

    return run


@pytest.fixture
def on(run):
    """Run methods on a folder, without starting workers."""
    return lambda root, methods, *options: run(
        *("run", "--methods", methods, "--n", 4, "--dataset", "folder", "--root", root),
        *("--backend", "sequential", *options),
    )


@pytest.fixture
def rows(tmp_path):
    return lambda: pd.read_parquet(tmp_path / "results.parquet")


def rename_images(root, old, new):
    for path in root.rglob(f"{old}.*"):
        path.rename(path.with_stem(new))


# --- one file, one data set -----------------------------------------------------------------


def test_a_folder_that_shares_an_image_is_another_data_set(on, tiny, tmp_path, rows):
    assert on(tiny, "grid")[0] == 0
    other = shutil.copytree(tiny, tmp_path / "other")
    rename_images(other, "im1", "other1")
    rename_images(other, "im2", "other2")
    status, said = on(other, "grid,hex")
    assert status == 1
    assert "results of images that are not in" in said
    assert "im1, im2; these are two data sets, give another --out" in said
    assert len(rows()) == 3


def test_a_folder_without_a_common_image_is_another_data_set(on, tiny, tmp_path):
    on(tiny, "grid")
    other = shutil.copytree(tiny, tmp_path / "other")
    for i in range(3):
        rename_images(other, f"im{i}", f"other{i}")
    for force in ((), ("--force",)):
        status, said = on(other, "grid", *force)
        assert (status, "two data sets" in said) == (1, True)


def test_a_folder_with_other_pictures_of_the_same_names_is_refused(on, tiny, tmp_path, rows):
    on(tiny, "grid")
    before = rows()
    other = shutil.copytree(tiny, tmp_path / "other")
    write_png(other / "images" / "im2.png", np.full((30, 40, 3), 9, np.uint8))
    status, said = on(other, "grid")
    assert status == 1
    assert "1 of 3 images" in said
    assert f"than in {other}: im2; for another data set give another --out" in said
    assert "--force" in said
    pd.testing.assert_frame_equal(before, rows())


def test_force_replaces_the_rows_of_a_mended_copy_but_leaves_no_mixture(on, tiny, tmp_path, rows):
    on(tiny, "grid,hex")
    mended = shutil.copytree(tiny, tmp_path / "mended")
    write_png(mended / "labels" / "ann1" / "im1.png", np.eye(30, 40, dtype=np.uint8))
    status, said = on(mended, "grid", "--force")
    assert status == 1
    assert "rows of the former content would remain (Hexagons at n = 4)" in said
    assert on(mended, "grid,hex", "--force")[0] == 0
    assert rows().groupby("image").content.nunique().tolist() == [1, 1, 1]


def test_a_part_run_again_after_an_annotation_was_mended_is_refused(on, tiny, rows):
    on(tiny, "grid")
    write_png(tiny / "labels" / "ann1" / "im1.png", np.eye(30, 40, dtype=np.uint8))
    status, said = on(tiny, "hex")
    assert status == 1
    assert "im1; rows of the former content would remain (Grid at n = 4)" in said
    assert on(tiny, "grid,hex")[0] == 0
    assert rows().groupby("image").content.nunique().tolist() == [1, 1, 1]


def test_an_image_beyond_the_limit_is_compared_too(on, tiny, tmp_path):
    on(tiny, "grid")
    other = shutil.copytree(tiny, tmp_path / "other")
    write_png(other / "images" / "im2.png", np.full((30, 40, 3), 9, np.uint8))
    status, said = on(other, "hex", "--limit", 1)
    assert (status, "im2" in said) == (1, True)


def test_a_folder_that_moved_and_grew_is_continued(on, tiny, tmp_path, rows):
    on(tiny, "grid")
    grown = tiny.rename(tmp_path / "grown")
    write_png(grown / "images" / "a.png", np.full((30, 40, 3), 9, np.uint8))
    write_png(grown / "labels" / "a.png", np.eye(30, 40, dtype=np.uint8))
    assert on(grown, "grid", "--limit", 1)[0] == 0  # the new one alone
    assert on(grown, "grid")[0] == 0
    assert len(rows()) == 4


def test_an_image_that_could_not_be_read_may_be_mended(on, tiny, rows):
    whole = (tiny / "images" / "im1.png").read_bytes()
    (tiny / "images" / "im1.png").write_bytes(b"nothing")
    assert on(tiny, "grid")[0] == 2
    (tiny / "images" / "im1.png").write_bytes(whole)
    assert on(tiny, "hex")[0] == 0
    assert len(rows().query("status == 'ok'")) == 5


def test_a_forced_run_that_was_interrupted_is_continued_without_force(on, tiny, tmp_path, rows):
    on(tiny, "grid")
    mended = shutil.copytree(tiny, tmp_path / "mended")
    for name in ("im1", "im2"):
        write_png(mended / "labels" / "ann1" / f"{name}.png", np.eye(30, 40, dtype=np.uint8))
    assert on(mended, "grid")[0] == 1
    manifest = tmp_path / "results.run" / "manifest.json"
    before = manifest.read_text()
    assert on(mended, "grid", "--force")[0] == 0
    forced = json.loads(manifest.read_text())
    shutil.rmtree(tmp_path / "results.run")
    (tmp_path / "results.parquet").unlink()
    on(tiny, "grid")  # as if the forced run had ended before its first cell
    kept = json.loads(manifest.read_text())
    assert len(json.loads(before)["runs"]) == len(kept["runs"]) == 1
    manifest.write_text(json.dumps(kept | {"runs": [*kept["runs"], forced["runs"][-1]]}))
    status, said = on(mended, "grid")
    assert status == 0, said
    assert rows().groupby("image").content.nunique().tolist() == [1, 1, 1]


# --- a part of a published split ------------------------------------------------------------


@pytest.fixture
def berkeley(tmp_path):
    """Three of the 200 test images of BSDS500, one of them without its annotations."""
    root = tmp_path / "bsds"
    for i, name in enumerate(sorted(published_names("test"))[:3]):
        image = root / "images" / "test" / f"{name}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(image), np.full((20, 30, 3), 90 + i, np.uint8))
        cells = np.empty((1, 1), dtype=object)
        halves = np.ones((20, 30), np.uint16)
        halves[:, 15:] = 2
        cells[0, 0] = {"Segmentation": halves, "Boundaries": halves > 2}
        truths = root / "groundTruth" / "test" / f"{name}.mat"
        truths.parent.mkdir(parents=True, exist_ok=True)
        if i < 2:
            scipy.io.savemat(truths, {"groundTruth": cells})
    return root


def test_a_part_of_bsds500_runs_only_if_a_part_is_asked_for(run, berkeley, tmp_path):
    data = ("--dataset", "bsds500", "--root", berkeley)
    grid = ("run", "--methods", "grid", "--n", 4, *data, "--backend", "sequential")
    status, said = run(*grid)
    assert status == 1
    assert f"bsds500/test in {berkeley} is not whole: 2 of 200 images are there" in said
    assert "bench data bsds500" in said
    assert "--partial or --limit" in said
    assert not (tmp_path / "results.parquet").exists()

    status, said = run(*grid, "--limit", 1, "--quiet")
    assert status == 0
    assert "Warning: bsds500/test" in said
    status, said = run(*grid, "--partial")
    assert status == 2  # the image without annotations
    made = run_facts(pq.read_schema(tmp_path / "results.parquet"))["runs"][-1]
    assert (made["images"], made["images_of"]) == (3, 200)
    assert made["lacking"].startswith("2 of 200 images")

    assert run("plot", "results.parquet", "--formats", "png")[0] == 0
    summary = (tmp_path / "results-summary.md").read_text()
    assert summary.startswith("**bsds500/test**, 3 of 200 images")
    assert "3 of 200 images" in run("compare", "results.parquet")[1]


def test_label_maps_of_a_part_are_scored_only_if_a_part_is_asked_for(run, berkeley, tmp_path):
    name = min(published_names("test"))
    write_png(tmp_path / "maps" / f"{name}.png", np.eye(20, 30, dtype=np.uint8))
    score = ("score", "maps", "--dataset", "bsds500", "--root", berkeley, "--workers", 1)
    status, said = run(*score)
    assert (status, "2 of 200 images" in said) == (1, True)
    assert run(*score, "--limit", 1)[0] == 0


# --- files that belong to no image ----------------------------------------------------------


def test_annotations_of_no_image_are_named_even_when_quiet(on, tiny):
    write_png(tiny / "labels" / "ann1" / "im9.png", np.eye(30, 40, dtype=np.uint8))
    status, said = on(tiny, "grid", "--quiet")
    assert status == 0
    assert "Warning: 1 annotation is left out, of no image of the data set: labels/ann1/im9" in said


# --- plugins --------------------------------------------------------------------------------

STRIPES = """
import hashlib
import numpy as np
from bench.datasets import Dataset, DatasetError, Sample, register
from methods import Method, register as register_method

@register_method
class Halves(Method):
    name = "halves"
    def segment(self, image, n):
        return np.arange(image.shape[1])[None, :] // 10 + np.zeros(image.shape[:2], int)

@register
class Stripes(Dataset):
    name = "stripes"
    title = "Stripes of one grey"
    license = "CC0"
    def __init__(self, root=None, split=None):
        self.split = split or ""
        self.names = ("one", "two")
    def size(self, name):
        return 20, 30
    def fingerprint(self, name):
        return hashlib.sha256(name.encode()).hexdigest()
    def load(self, name):
        if name not in self.names:
            raise DatasetError(f"there is no image {name!r}; the images are one and two")
        truth = (np.arange(30)[None, :] // 10 + np.zeros((20, 30))).astype(np.int32)
        grey = np.repeat(truth[..., None] * 80, 3, axis=2).astype(np.uint8)
        return Sample(name, np.ascontiguousarray(grey), (truth,))
"""


@pytest.fixture
def stripes(tmp_path):
    plugin = tmp_path / "stripes.py"
    plugin.write_text(STRIPES)
    return plugin


def test_a_data_set_of_a_plugin_runs_in_workers_and_is_scored_again(bench, stripes, results):
    own = ("--plugin", stripes)
    data = ("--dataset", "stripes", *own)
    finished = bench("run", "--methods", "halves", "--n", 3, "--workers", 2, *data)
    assert finished.status == 0, finished.out
    assert results().asa.tolist() == [1.0, 1.0]
    assert (results().dataset == "stripes").all()
    finished = bench("rescore", "results.parquet", "--protocol", "stutz2018", *own)
    assert finished.status == 0, finished.out
    assert "stripes  Stripes of one grey" in bench("list", "datasets", *own).out


def test_one_failed_check_is_counted_as_one(bench, stripes):
    finished = bench("check", "stripes", "--plugin", stripes)  # any split is its only one
    assert finished.status == 2
    assert finished.out.endswith("\n1 check failed\n")


def test_a_data_set_that_is_not_known_names_the_option(run):
    status, said = run("run", "--methods", "grid", "--n", 4, "--dataset", "stripes")
    assert status == 1
    assert "unknown data set 'stripes'" in said
    assert "--plugin FILE" in said
