"""Any folder as a data set: what is found, which map belongs to which image, what is refused."""

import pickle

import cv2
import numpy as np
import pytest
import scipy.io

from bench.datasets import DatasetError, open_dataset

H, W = 12, 16


def labels(shift=0, shape=(H, W)):
    return ((np.arange(shape[1])[None, :] + shift) // 5 * np.ones(shape, int)).astype(np.uint8)


def write(path, array=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if array is None:
        array = np.full((H, W, 3), 90, np.uint8)
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".csv":
        np.savetxt(path, array, fmt="%d", delimiter=",")
    elif path.suffix == ".mat":
        scipy.io.savemat(path, {"labels": array})
    else:
        assert cv2.imwrite(str(path), array)


def folder(root, **options):
    return open_dataset("folder", root=root, **options)


@pytest.fixture
def data(tmp_path):
    write(tmp_path / "images" / "a.png")
    write(tmp_path / "labels" / "a.png", labels())
    return tmp_path


def test_images_lie_in_images_or_in_the_folder_itself(tmp_path):
    write(tmp_path / "b.png")
    write(tmp_path / "a.jpg")
    write(tmp_path / "labels" / "a.png", labels())
    assert folder(tmp_path).names == ("a", "b")


@pytest.mark.parametrize("name", ["labels", "annotations", "groundTruth"])
@pytest.mark.parametrize("extension", [".png", ".npy", ".csv", ".mat"])
def test_label_maps_are_read_from_every_format(tmp_path, name, extension):
    write(tmp_path / "images" / "a.png")
    write(tmp_path / name / f"a{extension}", labels())
    sample = folder(tmp_path).load("a")
    assert sample.image.shape == (H, W, 3)
    (truth,) = sample.truths
    assert truth.dtype == np.int32
    np.testing.assert_array_equal(truth, labels())
    assert sample.void is None


def test_annotators_by_suffix_and_by_subfolder(data):
    write(data / "labels" / "a_1.png", labels(1))
    write(data / "labels" / "a-tom.npy", labels(2))
    write(data / "labels" / "a.3.csv", labels(3))
    write(data / "labels" / "zoe" / "a.png", labels(4))
    truths = folder(data).load("a").truths
    assert len(truths) == 5
    assert {tuple(truth[0]) for truth in truths} == {tuple(labels(i)[0]) for i in range(5)}


def test_a_label_map_belongs_to_the_image_with_the_longest_name(data):
    write(data / "images" / "a_1.png")
    write(data / "labels" / "a_1.png", labels(1))
    write(data / "labels" / "a_1_x.png", labels(2))
    dataset = folder(data)
    assert [t[0, 4] for t in dataset.load("a").truths] == [labels()[0, 4]]
    assert len(dataset.load("a_1").truths) == 2


def test_an_image_name_inside_another_word_is_no_match(data):
    write(data / "labels" / "ab_1.png", labels())
    assert len(folder(data).load("a").truths) == 1


def test_splits_are_subfolders(tmp_path):
    for split in ("train", "test"):
        write(tmp_path / "images" / split / f"{split}0.png")
        write(tmp_path / "labels" / split / f"{split}0.png", labels())
    dataset = folder(tmp_path, split="test")
    assert dataset.names == ("test0",)
    assert dataset.identity == f"folder:{tmp_path.resolve()}:test"
    assert len(dataset.load("test0").truths) == 1
    with pytest.raises(DatasetError, match="choose a split: --split test or train"):
        folder(tmp_path)
    with pytest.raises(DatasetError, match="no split 'tets'; did you mean 'test'"):
        folder(tmp_path, split="tets")


def test_void_pixels_come_from_the_void_folder(data):
    void = np.zeros((H, W), np.uint8)
    void[3, 4] = 255
    without = folder(data).fingerprint("a")
    write(data / "void" / "a.png", void)
    dataset = folder(data)
    np.testing.assert_array_equal(dataset.load("a").void, void > 0)
    assert dataset.fingerprint("a") != without


def test_limit_keeps_the_first_images_and_their_owners(data):
    write(data / "images" / "a_1.png")
    write(data / "labels" / "a_1.png", labels(1))
    dataset = folder(data, limit=1)
    assert dataset.names == ("a",)
    assert len(dataset.load("a").truths) == 1
    with pytest.raises(DatasetError, match="limit is 0"):
        folder(data, limit=0)


def test_a_pickled_data_set_is_small_and_works(data):
    for i in range(200):
        write(data / "images" / f"b{i}.png")
    content = pickle.dumps(folder(data))
    assert len(content) < 4000
    copy = pickle.loads(content)
    assert copy.size("a") == (H, W)
    assert len(copy.load("a").truths) == 1


def test_fingerprint_follows_the_content_of_image_and_annotations(data):
    prints = [folder(data).fingerprint("a")]
    assert folder(data).fingerprint("a") == prints[0]
    write(data / "images" / "a.png", np.full((H, W, 3), 91, np.uint8))
    prints.append(folder(data).fingerprint("a"))
    write(data / "labels" / "a.png", labels(1))
    prints.append(folder(data).fingerprint("a"))
    write(data / "labels" / "a_2.png", labels(2))
    prints.append(folder(data).fingerprint("a"))
    assert len(set(prints)) == 4


@pytest.mark.parametrize(
    ("name", "pixels", "expected"),
    [
        ("grey.png", np.full((H, W), 77, np.uint8), (77, 77, 77)),
        ("deep.png", np.full((H, W, 3), 0x8080, np.uint16), (128, 128, 128)),
        ("deepgrey.png", np.full((H, W), 0xFFFF, np.uint16), (255, 255, 255)),
        ("colour.png", np.full((H, W, 3), (10, 20, 30), np.uint8), (30, 20, 10)),
        ("rgba.png", np.full((H, W, 4), (10, 20, 30, 255), np.uint8), (30, 20, 10)),
        ("clear.png", np.full((H, W, 4), (10, 20, 30, 0), np.uint8), (255, 255, 255)),
        ("colour.tif", np.full((H, W, 3), (10, 20, 30), np.uint8), (30, 20, 10)),
        ("colour.bmp", np.full((H, W, 3), (10, 20, 30), np.uint8), (30, 20, 10)),
        ("grey.pgm", np.full((H, W), 77, np.uint8), (77, 77, 77)),
        ("grey.jpg", np.full((H, W), 77, np.uint8), (77, 77, 77)),
        ("UPPER.PNG", np.full((H, W), 77, np.uint8), (77, 77, 77)),
    ],
)
def test_every_kind_of_image_becomes_8_bit_colour(tmp_path, name, pixels, expected):
    write(tmp_path / "images" / name, pixels)
    stem = name.split(".")[0]
    write(tmp_path / "labels" / f"{stem}.png", labels())
    dataset = folder(tmp_path)
    image = dataset.load(stem).image
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    np.testing.assert_array_equal(image, np.broadcast_to(expected, (H, W, 3)))
    assert dataset.size(stem) == (H, W)


def test_one_pixel_is_an_image(tmp_path):
    write(tmp_path / "images" / "dot.png", np.full((1, 1, 3), 5, np.uint8))
    write(tmp_path / "labels" / "dot.png", np.zeros((1, 1), np.uint8))
    sample = folder(tmp_path).load("dot")
    assert sample.image.shape == (1, 1, 3)
    assert sample.truths[0].shape == (1, 1)


def test_one_bad_image_leaves_the_others_usable(data):
    for bad in ("cut", "missing", "small", "text"):
        write(data / "images" / f"{bad}.png", np.random.default_rng(0).integers(0, 255, (H, W, 3)))
        if bad != "missing":
            write(data / "labels" / f"{bad}.png", labels())
    cut = (data / "images" / "cut.png").read_bytes()
    (data / "images" / "cut.png").write_bytes(cut[: len(cut) // 2])
    (data / "images" / "text.png").write_text("no image")
    write(data / "labels" / "small.png", labels(shape=(H, W - 1)))
    dataset = folder(data)
    assert dataset.names == ("a", "cut", "missing", "small", "text")
    assert len({dataset.fingerprint(name) for name in dataset.names}) == 5
    with pytest.raises(DatasetError, match=r"cannot read the image .*cut\.png: .*; replace"):
        dataset.load("cut")
    with pytest.raises(DatasetError, match=r"missing\.png has no annotation: expected .*; add one"):
        dataset.load("missing")
    with pytest.raises(DatasetError, match=r"12 x 15 but its image .*small\.png is 12 x 16"):
        dataset.load("small")
    for problem in (dataset.load, dataset.size):
        with pytest.raises(DatasetError, match=r"cannot read the image .*text\.png"):
            problem("text")
    assert dataset.load("a").truths


def test_a_truncated_jpeg_is_no_image(tmp_path):
    write(tmp_path / "a.jpg", np.random.default_rng(0).integers(0, 255, (64, 64, 3)))
    write(tmp_path / "labels" / "a.png", labels(shape=(64, 64)))
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(DatasetError, match="truncated"):
        folder(tmp_path).load("a")


def test_an_image_that_vanished_is_told(data):
    dataset = folder(data)
    (data / "images" / "a.png").unlink()
    with pytest.raises(DatasetError, match="there is no such file"):
        dataset.load("a")
    assert dataset.fingerprint("a")


def test_an_unreadable_annotation_is_told_with_its_file(data):
    (data / "labels" / "a.npy").write_text("no array")
    (data / "labels" / "a.png").unlink()
    with pytest.raises(DatasetError, match=r"annotation .*a\.npy cannot be read"):
        folder(data).load("a")


def test_labels_beyond_32_bits_stay_apart(data):
    big = labels().astype(np.int64) * 2**32
    write(data / "labels" / "a.npy", big)
    (data / "labels" / "a.png").unlink()
    np.testing.assert_array_equal(folder(data).load("a").truths[0], labels())


def test_one_annotation_in_two_formats_is_refused(data):
    write(data / "labels" / "a.csv", labels())
    with pytest.raises(DatasetError, match="one annotation in two formats; keep one"):
        folder(data).load("a")


def test_one_image_in_two_formats_is_refused(data):
    write(data / "images" / "a.jpg")
    with pytest.raises(DatasetError, match=r"a\.jpg and a\.png: which one is the image 'a'"):
        folder(data)


def test_an_unusable_folder_is_refused(tmp_path, data):
    with pytest.raises(DatasetError, match="needs the folder of your data: --root DIR"):
        open_dataset("folder")
    with pytest.raises(DatasetError, match="is no folder; give --root"):
        folder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"empty has no image .*; add images"):
        folder(tmp_path / "empty")
    write(tmp_path / "bare" / "a.png")
    with pytest.raises(DatasetError, match="has no folder of label maps; keep them in one folder"):
        folder(tmp_path / "bare")
    write(data / "groundTruth" / "a.png", labels())
    with pytest.raises(DatasetError, match="has labels and groundTruth; keep them in one folder"):
        folder(data)


def test_hidden_files_are_not_images(data):
    write(data / "images" / "._b.png")
    assert folder(data).names == ("a",)


def test_an_unknown_data_set_is_answered_with_the_nearest():
    with pytest.raises(DatasetError, match=r"unknown data set 'foldr'; did you mean 'folder'\?"):
        open_dataset("foldr")


# --- files that belong to no image ----------------------------------------------------------


@pytest.mark.parametrize("name", ["a_void.png", "void_a.png", "A.png", "a.tif", "deep/a.png"])
def test_a_void_mask_that_would_not_be_applied_is_refused(data, name):
    write(data / "void" / name, np.zeros((H, W), np.uint8))
    with pytest.raises(DatasetError, match=rf"1 mask of void .*void/{name}; .* void/a\.png"):
        folder(data)


def test_voids_of_no_image_are_refused_if_all_and_named_if_some(data):
    write(data / "void" / "gone.png", np.zeros((H, W), np.uint8))
    with pytest.raises(DatasetError, match=r"void/gone\.png; name each exactly after its image"):
        folder(data)
    write(data / "void" / "a.png", np.zeros((H, W), np.uint8))
    [line] = folder(data).unread()
    assert line == "1 mask is left out, of void pixels, of no image of the data set: void/gone.png"


def test_annotations_of_no_image_are_named_and_counted(data):
    for name in ("b.png", "c_1.png", "ab.npy", "zoe/d.csv", "zoe/e.png"):
        write(data / "labels" / name, labels())
    [line] = folder(data).unread()
    assert line.startswith("5 annotations are left out, of no image of the data set: labels/ab.npy")
    assert line.endswith(" and 2 more")


def test_annotations_in_other_formats_or_too_deep_are_named(data):
    write(data / "labels" / "a.bmp", labels())
    write(data / "labels" / "zoe" / "first" / "a.png", labels())
    (data / "labels" / "README.txt").write_text("how they were made")
    formats, deep = folder(data).unread()
    assert formats.startswith("1 file is left out, not in a format that is read (.png .npy")
    assert formats.endswith(": labels/a.bmp")
    assert deep.endswith("(ANNOTATOR/IMAGE.png): labels/zoe/first/a.png")


def test_a_folder_whose_annotations_are_all_of_no_image_is_refused(data):
    (data / "labels" / "a.png").rename(data / "labels" / "gt1.png")
    with pytest.raises(DatasetError, match=r"none of the 1 annotations \(labels/gt1\.png\) is of"):
        folder(data)


def test_a_folder_in_order_leaves_nothing_unread(data):
    write(data / "void" / "a.png", np.zeros((H, W), np.uint8))
    write(data / "labels" / "zoe" / "a.png", labels())
    (data / "labels" / ".DS_Store").write_text("")
    (data / "labels" / "classes.txt").write_text("sky")
    assert folder(data).unread() == []
