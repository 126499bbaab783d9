"""Label maps survive every file format, and a file that holds none is refused by name."""

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from methods.canonical import InvalidLabelsError
from methods.labelfiles import LabelFileError, encode_labels, read_labels

LABELS = np.arange(35).reshape(5, 7) * 300


def write_text(path, text):
    path.write_text(text)


WRITERS = {
    "16.png": lambda path, labels: cv2.imwrite(str(path), labels.astype(np.uint16)),
    "a.npy": np.save,
    "a.csv": lambda path, labels: np.savetxt(path, labels, fmt="%d", delimiter=","),
    "exponents.csv": lambda path, labels: np.savetxt(path, labels, delimiter=","),
    "a.mat": lambda path, labels: savemat(path, {"anything": labels}),
    "double.mat": lambda path, labels: savemat(path, {"labels": labels.astype(float)}),
    "and_count.mat": lambda path, labels: savemat(path, {"sp": labels, "n": 35}),
    "two_maps.mat": lambda path, labels: savemat(
        path, {"Segmentation": labels, "Boundaries": labels % 2}
    ),
    "UPPER.NPY": lambda path, labels: path.write_bytes(npy_bytes(path, labels)),
}


def npy_bytes(path, labels):
    other = path.with_suffix(".npy.npy")
    np.save(other, labels)
    return other.read_bytes()


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_back_the_labels(tmp_path, name):
    WRITERS[name](tmp_path / name, LABELS)
    labels = read_labels(tmp_path / name)
    np.testing.assert_array_equal(labels, LABELS)
    assert np.issubdtype(labels.dtype, np.integer)


def test_an_eight_bit_png_is_a_label_map(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), (LABELS // 300).astype(np.uint8))
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png"), LABELS // 300)


@pytest.mark.parametrize("suffix", [".png", ".npy"])
def test_what_is_written_is_read(tmp_path, suffix):
    path = tmp_path / f"a b{suffix}"
    path.write_bytes(encode_labels(LABELS.T, suffix))
    np.testing.assert_array_equal(read_labels(path), LABELS.T)


@pytest.mark.parametrize("labels", [np.array([[65536]]), np.array([[-1]])])
def test_labels_beyond_16_bits_are_not_written_as_png(labels):
    with pytest.raises(LabelFileError, match=r"16 bits; use \.npy"):
        encode_labels(labels)


def test_only_label_maps_are_written():
    with pytest.raises(InvalidLabelsError, match="float64"):
        encode_labels(LABELS / 2)
    with pytest.raises(LabelFileError, match=r"\.csv"):
        encode_labels(LABELS, ".csv")


BAD = {
    "none.png": (lambda path: None, "no such file"),
    "a.tif": (lambda path: write_text(path, ""), r"\.png, \.npy, \.csv, \.mat"),
    "text.png": (lambda path: write_text(path, "no picture"), "not a readable PNG"),
    "colour.png": (lambda path: cv2.imwrite(str(path), np.zeros((4, 4, 3))), "3 colour channels"),
    "float.npy": (lambda path: np.save(path, LABELS / 2), "float64"),
    "stack.npy": (lambda path: np.save(path, np.zeros((2, 3, 4), int)), r"\(2, 3, 4\)"),
    "object.npy": (lambda path: np.save(path, np.array([{}])), "cannot be read"),
    "words.csv": (lambda path: write_text(path, "a,b\n"), "cannot be read"),
    "ragged.csv": (lambda path: write_text(path, "1,2\n3\n"), "cannot be read"),
    "half.csv": (lambda path: write_text(path, "1,2.5\n"), "line 1 has 2.5; labels are integers"),
    "nan.csv": (lambda path: write_text(path, "1,nan\n"), "line 1 has nan; labels are integers"),
    "empty.mat": (lambda path: savemat(path, {"name": "x"}), "no 2-D array"),
    "two.mat": (lambda path: savemat(path, {"a": LABELS, "b": LABELS}), "call it 'labels'"),
    "text.mat": (lambda path: write_text(path, "no matrix"), "cannot be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_without_a_label_map_is_refused_by_name(tmp_path, name):
    write, message = BAD[name]
    write(tmp_path / name)
    with pytest.raises(LabelFileError, match=message) as caught:
        read_labels(tmp_path / name)
    assert name in str(caught.value)
