"""Label maps survive every file format, and a file that holds none is refused by name."""

import os
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

from methods.canonical import InvalidLabelsError
from methods.labelfiles import LabelFileError, encode_labels, read_label_map, read_labels

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


def with_grey(labels, **options):
    """Write what is no plain array as the labels, with another array beside it."""
    grey = LABELS.astype(float)
    return lambda path: savemat(path, {"labels": labels, "grey": grey}, **options)


BAD = {
    "none.png": (lambda path: None, "no such file"),
    "a.tif": (lambda path: write_text(path, ""), r"\.png, \.npy, \.csv, \.mat"),
    "text.png": (lambda path: write_text(path, "no picture"), "not a readable PNG"),
    "colour.png": (lambda path: cv2.imwrite(str(path), np.zeros((4, 4, 3))), "3 colour channels"),
    "float.npy": (lambda path: np.save(path, LABELS / 2), "float64"),
    "stack.npy": (lambda path: np.save(path, np.zeros((2, 3, 4), int)), r"\(2, 3, 4\)"),
    "object.npy": (lambda path: np.save(path, np.array([{}])), "holds object"),
    "words.csv": (lambda path: write_text(path, "a,b\n"), "cannot be read"),
    "ragged.csv": (lambda path: write_text(path, "1,2\n3\n"), "cannot be read"),
    "half.csv": (lambda path: write_text(path, "1,2.5\n"), "line 1 has 2.5; labels are integers"),
    "nan.csv": (lambda path: write_text(path, "1,nan\n"), "line 1 has nan; labels are integers"),
    "empty.mat": (lambda path: savemat(path, {"name": "x"}), "no 2-D array"),
    "two.mat": (lambda path: savemat(path, {"a": LABELS, "b": LABELS}), "call it 'labels'"),
    "octave.mat": (
        lambda path: write_text(path, "# Created by Octave 7.3.0\n# name: labels\n"),
        "is in Octave's text format, and `save -v7` writes MAT",
    ),
    "binary.mat": (
        lambda path: path.write_bytes(b"Octave-1-L\0\6\0\0\0labels"),
        "is in Octave's binary format, and `save -v7` writes MAT",
    ),
    "sparse.mat": (with_grey(csc_matrix(LABELS)), r"'labels' is sparse, .*; save full\(labels\)"),
    "struct.mat": (with_grey({"map": LABELS}), "'labels' is .* a structure"),
    "complex.mat": (with_grey(LABELS * 1j), "'labels' is sparse, complex"),
    "cell.mat": (with_grey(np.array([LABELS, "a"], object)), "'labels' is .* a cell"),
    "v4.mat": (with_grey(LABELS * 1j, format="4"), "'labels' is sparse, complex"),
    "text.mat": (lambda path: write_text(path, "no matrix"), "cannot be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_without_a_label_map_is_refused_by_name(tmp_path, name):
    write, message = BAD[name]
    write(tmp_path / name)
    with pytest.raises(LabelFileError, match=message) as caught:
        read_labels(tmp_path / name)
    assert name in str(caught.value)


def save(path, array, **options):
    Image.fromarray(array).save(path, **options)


def test_the_bytes_say_the_format_not_the_name(tmp_path):
    for suffix, stored in ((".png", "npy"), (".npy", "mat"), (".mat", "png"), (".csv", "png")):
        path = tmp_path / f"a{suffix}"
        WRITERS[{"png": "16.png", "npy": "UPPER.NPY"}.get(stored, "a.mat")](
            tmp_path / f"other.{stored}", LABELS
        )
        path.write_bytes((tmp_path / f"other.{stored}").read_bytes())
        np.testing.assert_array_equal(read_labels(path), LABELS)


@pytest.mark.parametrize("suffix", [".png", ".npy", ".csv", ".mat"])
@pytest.mark.parametrize(
    ("kind", "said"),
    [("JPEG", "is a JPEG, whose values are not"), ("GIF", "is a GIF"), ("TIFF", "is a TIFF")],
)
def test_a_picture_of_another_kind_is_refused_under_every_name(tmp_path, suffix, kind, said):
    save(tmp_path / f"a{suffix}", (LABELS // 300).astype(np.uint8), format=kind)
    with pytest.raises(LabelFileError, match=rf"a\{suffix}: {said}"):
        read_labels(tmp_path / f"a{suffix}")


def test_a_palette_png_is_read_as_its_indices(tmp_path):
    image = Image.fromarray((LABELS // 300).astype(np.uint8), mode="P")
    image.putpalette(np.random.default_rng(0).integers(0, 256, 768).tolist())
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png"), LABELS // 300)


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("palette", [False, True])
def test_a_png_of_few_bits_is_read_as_its_values(tmp_path, bits, palette):
    rows = np.random.default_rng(0).integers(0, 2**bits, (5, 8), dtype=np.uint8)
    written = np.packbits(
        np.unpackbits(rows[:, :, None], axis=2)[:, :, -bits:].reshape(5, -1), axis=1
    )
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 8, 5, bits, 3 if palette else 0, 0, 0, 0))]
    if palette:
        chunks.append((b"PLTE", bytes(range(3 * 2**bits))))
    chunks.append((b"IDAT", zlib.compress(b"".join(b"\0" + bytes(line) for line in written))))
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in [*chunks, (b"IEND", b"")]:
        body = name + data
        content += struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "a.png").write_bytes(content)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png"), rows)


WIDE = 2**53 + 1

TEXTS = {
    "byte order mark": b"\xef\xbb\xbf1,2\n3,4\n",
    "UTF-16": "\ufeff1,2\n3,4\n".encode("utf-16-le"),
    "CRLF": b"1,2\r\n3,4\r\n",
    "no last line end": b"1,2\n3,4",
    "empty lines": b"1,2\n\n3,4\n\n",
    "comment": b"# labels\n1,2\n3,4\n",
    "spaces": b" 1, 2\n 3, 4 \n",
    "floats": b"1.0,2.\n3e0,40e-1\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_csv_of_other_programs_is_read(tmp_path, name):
    (tmp_path / "a.csv").write_bytes(TEXTS[name])
    np.testing.assert_array_equal(read_labels(tmp_path / "a.csv"), [[1, 2], [3, 4]])


@pytest.mark.parametrize("form", ["{}", "{}.0", "{}e0"])
def test_csv_labels_above_2_to_the_53_stay_apart(tmp_path, form):
    values = [WIDE, WIDE + 1, WIDE + 2, 2**63 - 1]
    (tmp_path / "a.csv").write_text(",".join(form.format(value) for value in values))
    assert read_labels(tmp_path / "a.csv").tolist() == [values]


def test_csv_labels_of_64_bits_without_sign_are_exact(tmp_path):
    (tmp_path / "a.csv").write_text(f"0,{2**64 - 1}\n")
    assert read_labels(tmp_path / "a.csv").tolist() == [[0, 2**64 - 1]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1;2\n3;4\n", "separated by semicolons; write commas instead"),
        ("1,0;2,0\n", "separated by semicolons"),
        ("1\t2\n", "separated by tabs"),
        ("1 2\n3 4\n", "separated by spaces"),
        ("x,y\n1,2\n", "line 1 has 'x', which is no number; .* without titles"),
        ("1,2\n3\n", "line 2 has 1 values, line 1 has 2"),
        ("1,2,\n", "line 1 has an empty value or ends in a comma"),
        ("1,2\n3,inf\n", "line 2 has inf; labels are integers"),
        (f"1,{2**53}.5\n", r"line 1 has 9007199254740992\.5; labels are integers"),
        (f"-1,{2**63}\n", f"{2**63} does not fit 64 bits beside -1"),
        (f"1,{10**30}\n", f"{10**30} does not fit 64 bits"),
        ("1,1e999999999\n", "1e999999999; labels are integers of at most 64 bits"),
        ("1_0,2\n", "'1_0', which is no number"),
        ("\n", "is empty"),
        ("\xff\xfe\xff", "is no text"),
    ],
)
def test_csv_that_is_no_label_map_is_refused_with_line_and_cure(tmp_path, text, reason):
    (tmp_path / "a.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(LabelFileError, match=rf"a\.csv cannot be read as CSV: .*{reason}"):
        read_labels(tmp_path / "a.csv")


def test_masks_of_booleans_are_read_as_0_and_1(tmp_path):
    mask = LABELS > 600
    np.save(tmp_path / "a.npy", mask)
    savemat(tmp_path / "a.mat", {"void": mask})
    for name in ("a.npy", "a.mat"):
        np.testing.assert_array_equal(read_labels(tmp_path / name), mask)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.float64(0.25), r"such as 0\.25 \(float64\); .* nearest neighbour"),
        (np.float64(np.nan), r"such as nan"),
        (np.float64(np.inf), r"such as inf"),
        (np.float64(2**53), f"{2**53}, and float64 has not every integer"),
        (np.float32(2**24), f"{2**24}, and float32 has not every integer"),
    ],
)
def test_matlab_labels_that_may_have_been_rounded_are_refused(tmp_path, value, reason):
    labels = LABELS.astype(value.dtype)
    labels[2, 3] = value
    savemat(tmp_path / "a.mat", {"labels": labels})
    with pytest.raises(LabelFileError, match=rf"a\.mat: holds .*{reason}"):
        read_labels(tmp_path / "a.mat")


def test_a_named_stack_of_maps_is_not_passed_over_for_the_time_beside_it(tmp_path):
    savemat(tmp_path / "a.mat", {"labels": np.zeros((4, 5, 6), int), "seconds": 0.5})
    with pytest.raises(LabelFileError, match=r"shape \(4, 5, 6\), not \(H, W\)"):
        read_labels(tmp_path / "a.mat")


def test_a_matlab_file_of_version_7_3_is_named(tmp_path):
    (tmp_path / "a.mat").write_bytes(b"MATLAB 7.3".ljust(512) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(LabelFileError, match=r"version 7\.3, or HDF5; save it with -v7"):
        read_labels(tmp_path / "a.mat")


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (
            LABELS.T,
            r"\(7, 5\) do not fit an image of 5 x 7 pixels \(both .*\); they are transposed",
        ),
        (LABELS[:4], r"\(4, 7\) do not fit an image of 5 x 7 pixels .*; label the image"),
        (LABELS - 300, "labels include -300; number superpixels from 0"),
    ],
)
def test_superpixels_of_another_image_are_refused_with_their_file(tmp_path, labels, reason):
    np.save(tmp_path / "a.npy", labels)
    with pytest.raises(InvalidLabelsError, match=rf"a\.npy: .*{reason}"):
        read_label_map(tmp_path / "a.npy", (5, 7))


BOMBS = {
    # Small files that name sizes which nothing in them has.
    "wide.png": (
        lambda path: path.write_bytes(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (10**5).to_bytes(4) * 2 + b"\x08\0\0\0\0" + bytes(4)
        ),
        "100000 x 100000 pixels, more than",
    ),
    "wide.npy": (
        lambda path: path.write_bytes(
            b"\x93NUMPY\x01\0v\0"
            + b"{'descr': '<i8', 'fortran_order': False, 'shape': (100000, 100000), }".ljust(118)
        ),
        "100000 x 100000 pixels, more than",
    ),
    "wide.pgm": (
        lambda path: path.write_bytes(b"P5 100000 100000 255\n"),
        "100000 x 100000 pixels, more than",
    ),
    "line.csv": (lambda path: path.write_bytes(b"1," * 2**20 + b"1\n"), "more than 1048576 values"),
    "long.csv": (lambda path: truncate(path, 2**28 + 1), "more than 268435456 bytes"),
    "huge.png": (lambda path: truncate(path, 2**31 + 1), "more than 2147483648 bytes"),
    "deep.npy": (
        lambda path: path.write_bytes(b"\x93NUMPY\x01\0\x80\0" + b"(" * 128),
        "cannot be read",
    ),
    "pipe.png": (lambda path: os.mkfifo(path), "no plain file"),
    "folder.png": (lambda path: path.mkdir(), "Is a directory"),
    "device.png": (lambda path: path.symlink_to("/dev/zero"), "no plain file"),
}


def truncate(path, size):
    with path.open("wb") as file:
        file.truncate(size)  # a hole: it takes no space


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_would_fill_memory_or_never_end_is_refused_unread(tmp_path, name):
    write, message = BOMBS[name]
    write(tmp_path / name)
    with pytest.raises(LabelFileError, match=message):
        read_labels(tmp_path / name)


def test_a_pgm_has_its_values_as_they_are(tmp_path):
    path = tmp_path / "labels.pgm"
    path.write_bytes(b"P5\n# made by hand\n3 2\n999\n" + np.arange(6, dtype=">u2").tobytes())
    np.testing.assert_array_equal(read_labels(path), [[0, 1, 2], [3, 4, 5]])
    path.write_bytes(b"P5 3 2 255\n" + bytes(range(6)))
    np.testing.assert_array_equal(read_labels(path), [[0, 1, 2], [3, 4, 5]])
    short, deep = b"P5 3 2 255\n12345", b"P5 3 2 70000\n" + bytes(12)
    for content in (short, deep, b"P5 3 2\n", b"P5 -3 2 9\n1"):
        path.write_bytes(content)
        with pytest.raises(LabelFileError, match=r"PGM"):
            read_labels(path)
