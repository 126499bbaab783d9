"""BSDS500: where it is looked for, what is read, and what is said when a file is missing."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from bench.datasets import DatasetError, open_dataset
from bench.datasets.bsds500 import ROOT_VARIABLE, download_folder, published_names
from bench.datasets.reading import Reading
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


def test_a_part_of_the_published_split_says_how_many_of_how_many(tmp_path):
    names = sorted(published_names("test"))
    assert len(names) == 200
    dataset = open_dataset("bsds500", root=make(tmp_path, names=names[:3]))
    assert dataset.published == 200
    assert "3 of 200 images are there with their annotations" in dataset.lacking
    assert f"without {names[3]}, {names[4]}, {names[5]} and 194 more" in dataset.lacking
    (tmp_path / "groundTruth" / "test" / f"{names[1]}.mat").unlink()
    assert "2 of 200 images" in open_dataset("bsds500", root=tmp_path).lacking


def test_images_that_are_not_of_the_split_are_named(tmp_path):
    (known,) = sorted(published_names("val"))[:1]
    dataset = open_dataset("bsds500", root=make(tmp_path, "val", ("mine", known)), split="val")
    assert "1 of 100 images" in dataset.lacking
    assert dataset.lacking.endswith("1 image not of this split: mine")


def test_images_of_ones_own_in_the_folders_of_bsds500_are_run_and_told(tmp_path):
    dataset = open_dataset("bsds500", root=make(tmp_path, names=("mine",)))
    assert (dataset.published, dataset.lacking) == (None, "")
    [line] = dataset.unread()
    assert line.startswith("none of the 1 image in ")
    assert "BSDS500's 200" in line


@needs_shared
@pytest.mark.parametrize(("split", "images"), [("train", 200), ("val", 100), ("test", 200)])
def test_the_real_splits_are_whole(split, images):
    dataset = open_dataset("bsds500", root=BSDS500, split=split)
    assert (dataset.published, dataset.lacking) == (images, "")


def write_truths(root, name, ground_truth):
    scipy.io.savemat(root / "groundTruth" / "test" / f"{name}.mat", {"groundTruth": ground_truth})


def cell_of(segmentation):
    cell = np.empty((1, 1), dtype=object)
    cell[0, 0] = {"Segmentation": segmentation}
    return cell


def test_a_struct_instead_of_a_cell_is_read_too(tmp_path):
    segmentation = np.arange(H * W).reshape(H, W) % 5
    write_truths(make(tmp_path), "1", {"Segmentation": segmentation})
    (truth,) = open_dataset("bsds500", root=tmp_path).load("1").truths
    np.testing.assert_array_equal(truth, segmentation)


@pytest.mark.parametrize(
    ("ground_truth", "reason"),
    [
        (cell_of(np.full((H, W), 0.5)), r"1\.mat, annotator 1: .* such as 0\.5"),
        (cell_of(np.full((H, W), np.nan)), r"1\.mat, annotator 1: .* such as nan"),
        (cell_of(np.zeros((H, W, 2), int)), r"1\.mat, annotator 1: .* \(20, 30, 2\)"),
        (cell_of(np.full((H, W), -1)), r"1\.mat has the value -1 at 600 pixels.*--void -1"),
        (cell_of(np.zeros((W, H), int)), r"1\.mat is 30 x 20 .* 20 x 30 .*transposed"),
        ({"Boundaries": np.zeros((H, W))}, r"1\.mat, annotator 1: has no field 'Segmentation'"),
        (np.zeros((H, W)), r"1\.mat, annotator 1: has no field 'Segmentation'"),
    ],
)
def test_segmentations_that_are_none_are_refused_with_their_file(tmp_path, ground_truth, reason):
    write_truths(make(tmp_path), "1", ground_truth)
    with pytest.raises(DatasetError, match=reason):
        open_dataset("bsds500", root=tmp_path).load("1")


def test_a_file_without_ground_truth_is_told(tmp_path):
    scipy.io.savemat(
        make(tmp_path) / "groundTruth" / "test" / "1.mat", {"labels": np.zeros((H, W))}
    )
    with pytest.raises(DatasetError, match=r"1\.mat has no variable 'groundTruth'"):
        open_dataset("bsds500", root=tmp_path).load("1")


def test_a_bsds_image_is_turned_where_asked(tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    image = np.random.default_rng(0).integers(0, 256, (W, H, 3), dtype=np.uint8)
    Image.fromarray(image).save(make(tmp_path) / "images" / "test" / "1.jpg", exif=exif)
    dataset = open_dataset("bsds500", root=tmp_path, reading=Reading("apply", (1,)))
    assert dataset.size("1") == (H, W)
    sample = dataset.load("1")
    assert sample.image.shape == (H, W, 3)
    assert sample.void.all()  # the first annotator has the value 1 everywhere
    assert dataset.identity == "bsds500/test (void 1)"
    assert (
        len({open_dataset("bsds500", root=tmp_path).fingerprint("1"), dataset.fingerprint("1")})
        == 2
    )


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
