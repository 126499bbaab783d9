"""BSDS500: where it is looked for, what is read, and what is said when a file is missing."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from bench.datasets import DatasetError, open_dataset
from bench.datasets.bsds500 import ROOT_VARIABLE, download_folder
from tests.shared import BSDS500, needs_shared

H, W = 20, 30


def make(root, split="test", names=("1", "2"), annotators=3, shape=(H, W)):
    """Write images and .mat files of the form that the data set has."""
    for name in names:
        image = root / "images" / split / f"{name}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(image), np.full((H, W, 3), 100, np.uint8))
        cells = np.empty((1, annotators), dtype=object)
        for k in range(annotators):
            segmentation = np.full(shape, k + 1, np.uint16)
            cells[0, k] = {"Segmentation": segmentation, "Boundaries": segmentation > 0}
        truths = root / "groundTruth" / split / f"{name}.mat"
        truths.parent.mkdir(parents=True, exist_ok=True)
        scipy.io.savemat(truths, {"groundTruth": cells}, do_compression=True)
    return root


@pytest.fixture(autouse=True)
def nothing_elsewhere(tmp_path, monkeypatch):
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_all_annotators_are_read(tmp_path):
    dataset = open_dataset("bsds500", root=make(tmp_path))
    assert dataset.names == ("1", "2")
    assert dataset.split == "test"
    assert dataset.identity == "bsds500/test"
    sample = dataset.load("2")
    assert sample.image.shape == (H, W, 3)
    assert [truth[0, 0] for truth in sample.truths] == [1, 2, 3]
    assert {truth.dtype for truth in sample.truths} == {np.dtype(np.int32)}
    assert dataset.size("1") == (H, W)


def test_an_image_without_a_segmentation_is_told(tmp_path):
    dataset = open_dataset("bsds500", root=make(tmp_path, annotators=0))
    with pytest.raises(DatasetError, match="holds no segmentation"):
        dataset.load("1")


@pytest.mark.parametrize("inside", [".", "data", "BSDS500/data", "BSR/BSDS500/data"])
def test_a_parent_folder_will_do(tmp_path, inside):
    make(tmp_path / inside)
    assert open_dataset("bsds500", root=tmp_path).root == (tmp_path / inside).resolve()
    assert download_folder(tmp_path) == (tmp_path / inside).resolve()


def test_root_beats_environment_beats_cache(tmp_path, monkeypatch):
    import pooch

    roots = [tmp_path / name for name in ("given", "named", "os")]
    monkeypatch.setattr(pooch, "os_cache", lambda project: roots[2])
    make(roots[2] / "bsds500")
    assert open_dataset("bsds500").root == (roots[2] / "bsds500").resolve()
    monkeypatch.setenv(ROOT_VARIABLE, str(make(roots[1])))
    assert open_dataset("bsds500").root == roots[1].resolve()
    assert open_dataset("bsds500", root=make(roots[0])).root == roots[0].resolve()


def test_when_it_is_nowhere_the_cure_is_told(tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match=r"'bench data bsds500', or point --root DIR or SUPER"):
        open_dataset("bsds500")
    with pytest.raises(DatasetError, match=r"\(--root\), which has no images/ and groundTruth/"):
        open_dataset("bsds500", root=tmp_path)
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match=f"environment variable {ROOT_VARIABLE}.*is no folder"):
        open_dataset("bsds500")


def test_splits(tmp_path):
    make(tmp_path, "val", names=("9",))
    assert open_dataset("bsds500", root=tmp_path, split="val").names == ("9",)
    with pytest.raises(DatasetError, match=r"test has no \.jpg image; .* --split test"):
        open_dataset("bsds500", root=tmp_path)
    with pytest.raises(DatasetError, match="no split 'tran'; did you mean 'train'"):
        open_dataset("bsds500", root=tmp_path, split="tran")


def test_broken_and_missing_annotations_fail_their_image_only(tmp_path):
    make(tmp_path, names=("1", "2", "3", "4"))
    truths = tmp_path / "groundTruth" / "test"
    dataset = open_dataset("bsds500", root=tmp_path)
    before = dataset.fingerprint("2")
    (truths / "2.mat").unlink()
    content = (truths / "3.mat").read_bytes()
    (truths / "3.mat").write_bytes(content[: len(content) // 2])
    make(tmp_path, names=("4",), shape=(W, H))
    assert dataset.fingerprint("2") != before
    for name, message in (
        ("2", r"2\.mat is missing; fetch it"),
        ("3", r"cannot read the annotation .*3\.mat: .*; fetch it again"),
        ("4", r"4\.mat is 30 x 20 but its image .* is 20 x 30"),
    ):
        with pytest.raises(DatasetError, match=message):
            dataset.load(name)
    assert len(dataset.load("1").truths) == 3


@needs_shared
@pytest.mark.parametrize(("split", "images", "pairs"), [("test", 200, 1063), ("val", 100, 546)])
def test_the_real_data_set_has_every_annotation(split, images, pairs):
    dataset = open_dataset("bsds500", root=BSDS500, split=split)
    assert len(dataset.names) == images
    counts = []
    for name in dataset.names:
        sample = dataset.load(name)
        assert sample.image.shape in ((321, 481, 3), (481, 321, 3))
        assert dataset.size(name) == sample.image.shape[:2]
        counts.append(len(sample.truths))
    assert sum(counts) == pairs
    assert 4 <= min(counts) <= max(counts) <= 9


@needs_shared
def test_the_real_files_are_those_of_the_hash_list(tmp_path):
    from bench.datasets.download import of_splits, read_hashes, verify

    hashes = of_splits(read_hashes(), ["val"])
    assert {outcome.status for outcome in verify(BSDS500, hashes)} == {"present"}
    shutil.copytree(BSDS500 / "images" / "val", tmp_path / "images" / "val")
    assert sum(o.status == "present" for o in verify(tmp_path, hashes)) == 100


def test_without_a_home_folder_the_cure_is_said(tmp_path, monkeypatch):
    import pooch

    def nowhere(project):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(pooch, "os_cache", nowhere)
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    with pytest.raises(DatasetError, match=r"no home folder .* --root DIR, or set"):
        open_dataset("bsds500")


def test_a_home_folder_of_nobody_is_a_folder_that_is_not_there():
    with pytest.raises(DatasetError, match=r"~nobody-of-this-name/data .* is no folder"):
        open_dataset("bsds500", root=Path("~nobody-of-this-name/data"))
