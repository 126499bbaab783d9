"""Damaged files of images, annotations and label maps: read, or refused in words; nothing else."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.io import savemat

from bench.datasets import bsds500
from bench.datasets.base import DatasetError
from bench.datasets.images import applied_orientation, image_size, read_image, turned_by_some
from methods.labelfiles import LabelFileError, read_labels
from tests.fuzz.mutations import mat_packed, mutated, mutated_png
from tests.fuzz.settings import fuzzed

LABELS = np.arange(30, dtype=np.uint16).reshape(5, 6)
COLOURS = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)


def saved(array, kind, **options):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind, **options)
    return stream.getvalue()


def mat(value, **options):
    stream = io.BytesIO()
    savemat(stream, value, **options)
    return stream.getvalue()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def encoded(suffix, array, *options):
    return cv2.imencode(suffix, array, options)[1].tobytes()


def annotated(k=2):
    cells = np.empty((1, k), object)
    for i in range(k):
        cells[0, i] = {"Segmentation": LABELS, "Boundaries": i < LABELS}
    return mat({"groundTruth": cells})


PNGS = [
    saved(LABELS, "PNG"),
    saved(LABELS.astype(np.uint8), "PNG"),
    saved(COLOURS, "PNG"),
    encoded(".png", COLOURS.astype(np.uint16) * 257),
]
MATS = [
    mat({"labels": LABELS, "time": 1.5, "name": "abc", "cell": np.array([{}, "x"], object)}),
    mat({"labels": LABELS.astype(float)}, format="4"),
    mat({"labels": LABELS * 1j, "text": "abc"}, format="4"),
]
LABEL_FILES = {
    ".png": PNGS[:2],
    ".npy": [npy(LABELS), npy(LABELS > 3), npy(LABELS.astype(">i8").T)],
    ".csv": [b"0,1,2\n3,4,5\n", b"\xef\xbb\xbf1.0,1e3\r\n-2,99999999999999999999\r\n", b"#c\n7\n"],
    ".mat": [*MATS, mat_packed(MATS[0])],
    ".pgm": [b"P5\n# c\n6 5\n255\n" + bytes(range(30)), b"P5 3 5 65535\n" + bytes(range(30))],
}
ANNOTATIONS = [annotated(), mat_packed(annotated()), annotated(0)]
GREY = COLOURS[:, :, 0]
IMAGES = [
    *PNGS,
    *(saved(COLOURS, kind) for kind in ("JPEG", "BMP", "TIFF", "PPM", "WEBP")),
    saved(COLOURS, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"),
    saved(COLOURS, "TIFF", compression="tiff_lzw"),
    encoded(".tiff", COLOURS.astype(np.uint16) * 257),
    encoded(".webp", COLOURS),
    saved(GREY, "TIFF"),
    saved(GREY, "PNG", transparency=3),
    b"P6 3 2 1000\n" + bytes(36),
    b"P2 3 2 9\n" + b"1 2 3 4 5 6 ",
]


def said_in_words(error):
    """A size that is found out only by running out of memory was not checked."""
    while error is not None:
        assert not isinstance(error, MemoryError)
        error = error.__cause__


@pytest.mark.parametrize("suffix", LABEL_FILES)
@fuzzed(60)
@given(data=st.data())
def test_label_files(tmp_path_factory, suffix, data):
    kinds = mutated(LABEL_FILES[suffix])
    content = data.draw(kinds | mutated_png(PNGS) if suffix == ".png" else kinds)
    path = tmp_path_factory.getbasetemp() / f"labels{suffix}"
    path.write_bytes(content)
    try:
        labels = read_labels(path)
    except LabelFileError as error:
        said_in_words(error)
    else:
        assert labels.ndim == 2
        assert labels.size
        assert labels.dtype.kind in "iu"


@fuzzed(60)
@given(text=st.text("0123456789.,-+eE_ \n\r\t;#nai\0'\"\u0660\ufeff", max_size=200))
def test_label_files_of_text(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "labels.csv"
    path.write_text(text)
    try:
        assert read_labels(path).dtype.kind in "iu"
    except LabelFileError as error:
        said_in_words(error)


@fuzzed(60)
@given(content=mutated(ANNOTATIONS))
def test_annotations_of_bsds500(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "annotation.mat"
    path.write_bytes(content)
    try:
        maps = bsds500._read_segmentations(path)
    except DatasetError as error:
        said_in_words(error)
    else:
        assert all(labels.ndim == 2 and labels.dtype.kind in "iu" for labels in maps)


@fuzzed(120)
@given(content=mutated(IMAGES) | mutated_png(PNGS), exif=st.sampled_from(("refuse", "apply")))
def test_images(tmp_path_factory, content, exif):
    path = tmp_path_factory.getbasetemp() / "image"
    path.write_bytes(content)
    applied_orientation(path, exif)
    turned_by_some(path)
    try:
        size = image_size(path, exif)
        image = read_image(path, exif=exif)
    except DatasetError as error:
        said_in_words(error)
    else:
        assert image.shape == (*size, 3)
        assert image.dtype == np.uint8
