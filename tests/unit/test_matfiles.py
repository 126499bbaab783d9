"""MAT files: read as SciPy reads them, and refused in words where SciPy would end the process."""

import io
import struct
import zlib

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from methods.matfiles import MatFileError, load_mat

DTYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "?")


def saved(variables, **options):
    stream = io.BytesIO()
    scipy.io.savemat(stream, variables, **options)
    return stream.getvalue()


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(kind, sizes, *rest, name=b"labels"):
    head = element(6, struct.pack("<II", kind, 0)) + element(
        5, struct.pack(f"<{len(sizes)}i", *sizes)
    )
    return element(14, head + element(1, name) + b"".join(rest))


HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


@given(data=st.data(), packed=st.booleans())
def test_arrays_are_read_as_scipy_reads_them(data, packed):
    dtypes = st.sampled_from(DTYPES)
    shapes = array_shapes(max_dims=3, max_side=4)
    array = data.draw(dtypes.flatmap(lambda dtype: arrays(dtype, shapes)))
    content = saved({"x": array, "word": "abc"}, do_compression=packed)
    expected = scipy.io.loadmat(io.BytesIO(content))["x"]
    found = load_mat(content)["x"]
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype


@pytest.mark.parametrize("order", ["<", ">"])
def test_files_of_version_4_are_read(order):
    numbers = np.arange(12.0).reshape(3, 4)
    head = struct.pack(f"{order}5i", 1000 * (order == ">"), 3, 4, 0, 2) + b"x\0"
    content = head + numbers.astype(f"{order}f8").tobytes(order="F")
    np.testing.assert_array_equal(load_mat(content)["x"], numbers)
    np.testing.assert_array_equal(load_mat(saved({"x": numbers}, format="4"))["x"], numbers)


def test_cells_and_structures_are_read():
    cells = np.empty((1, 2), object)
    cells[0, 0], cells[0, 1] = {"a": np.eye(2), "b": "text"}, np.arange(3)
    several = np.array([(1, 2), (3, 4)], dtype=[("p", "i4"), ("q", "i4")])
    found = load_mat(saved({"cells": cells, "several": several}))
    np.testing.assert_array_equal(found["cells"][0][0]["a"], np.eye(2))
    assert found["cells"][0][0]["b"] is None
    np.testing.assert_array_equal(found["cells"][1], [[0, 1, 2]])
    assert [int(each["q"][0, 0]) for each in found["several"]] == [2, 4]


def nested(depth):
    inner = matrix(6, (1, 1), element(9, bytes(8)), name=b"")
    for _ in range(depth):
        inner = matrix(1, (1, 1), inner, name=b"")
    return matrix(1, (1, 1), inner)


HOSTILE = {
    "wide": (matrix(6, (2**31 - 1, 2**31 - 1), element(2, bytes(8))), "in 8 bytes"),
    "negative": (matrix(6, (-1, -8), element(2, bytes(8))), "no numbers"),
    "huge text": (matrix(4, (1, 2**31 - 1), element(16, b"")), None),
    "huge cells": (matrix(1, (2**31 - 1, 2)), None),
    "huge sparse": (matrix(5, (2**31 - 1, 2**31 - 1), element(5, bytes(4))), None),
    "no numbers": (matrix(6, (2, 2)), "no numbers"),
    "no kind": (element(14, element(6, b"") + element(5, b"") + element(1, b"x")), "not whole"),
    "deep": (nested(200), "more than 32 deep"),
    "many": (
        matrix(1, (1, 1), struct.pack("<II", 14, 0) * 1_000_001),
        "more than 1000000 elements",
    ),
    "beyond": (struct.pack("<II", 14, 2**31) + bytes(64), "cut short"),
    "part beyond": (element(14, struct.pack("<II", 6, 2**31) + bytes(8)), "larger than the whole"),
    "no names": (matrix(2, (1, 1), element(5, struct.pack("<i", 0)), element(1, b"")), "not whole"),
    "not packed": (element(15, b"no zlib stream"), "damaged"),
    "nothing packed": (element(15, zlib.compress(b"")), "cut short"),
    "bomb": (
        element(15, zlib.compress(struct.pack("<II", 14, 2**31) + bytes(2**20))),
        "unpacks to",
    ),
    "half": (element(15, zlib.compress(struct.pack("<II", 14, 2**20) + bytes(9))), "cut short"),
    "forty dimensions": (matrix(6, (1,) * 40, element(2, bytes(1))), "40 dimensions"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_lies_is_refused_in_words(name):
    content, message = HOSTILE[name]
    if message is None:  # what nobody asks for is not made
        found = load_mat(HEADER + content)
        assert found == {"labels": [] if name == "huge cells" else None}
        return
    with pytest.raises(MatFileError, match=message):
        load_mat(HEADER + content)


@pytest.mark.parametrize("sizes", [(-1, 8), (2**31 - 1, 2**31 - 1), (0, -20)])
def test_a_file_of_version_4_that_lies_is_refused_in_words(sizes):
    with pytest.raises(MatFileError, match=r"damaged|cut short"):
        load_mat(struct.pack("<5i", 0, *sizes, 0, 2) + b"x\0" + bytes(64))
