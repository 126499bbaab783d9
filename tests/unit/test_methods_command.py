"""A program in any language is a method: it gets an image, and its label file is read."""

import sys

import numpy as np
import pytest

from methods import get_method, segment
from methods.checks import run_checks

# Stripes, from a program that knows neither numpy nor this package: only the PNG's header is read.
PROGRAM = """
import struct, sys
from pathlib import Path
image, n, target = sys.argv[1:4]
width, height = struct.unpack(">II", Path(image).read_bytes()[16:24])
row = ",".join(str(x * min(int(n), width) // width) for x in range(width))
Path(target).with_suffix(".csv").write_text("\\n".join([row] * height))
"""
IMAGE = np.random.default_rng(0).integers(0, 256, (12, 20, 3), dtype=np.uint8)


def command(folder, program, arguments="{image} {n} {labels}"):
    path = folder / "a program.py"
    path.write_text(program)
    return f"{sys.executable} '{path}' {arguments}"


def test_the_labels_a_program_writes_are_returned(tmp_path):
    labels = segment(IMAGE, 5, method="command", cmd=command(tmp_path, PROGRAM))
    np.testing.assert_array_equal(labels, np.tile(np.arange(20) // 4, (12, 1)))


def test_the_program_sees_the_image_in_the_right_channel_order(tmp_path):
    program = """
import sys, cv2, numpy as np
bgr = cv2.imread(sys.argv[1])
cv2.imwrite(sys.argv[2], bgr[:, :, 2].astype(np.uint16) * 256 + bgr[:, :, 0])
"""
    method = get_method("command", cmd=command(tmp_path, program, "{image} {labels}"))
    expected = IMAGE[:, :, 0].astype(int) * 256 + IMAGE[:, :, 2]
    np.testing.assert_array_equal(method.segment(IMAGE, 3), expected)


def test_a_program_keeps_the_contract(tmp_path):
    results = run_checks("command", cmd=command(tmp_path, PROGRAM))
    assert [result for result in results if not result.ok] == []


def test_words_are_passed_as_they_are_without_a_shell(tmp_path):
    program = PROGRAM + "\nPath(sys.argv[0] + '.seen').write_text(repr(sys.argv[4:]))"
    arguments = "{image} {n} {labels} '$HOME;x' --n={n}"
    segment(IMAGE, 2, method="command", cmd=command(tmp_path, program, arguments))
    assert (tmp_path / "a program.py.seen").read_text() == "['$HOME;x', '--n=2']"


def test_a_program_that_fails_is_an_error_with_its_last_words(tmp_path):
    program = "import sys\nsys.exit('x' * 2000 + 'out of memory')\n"
    method = get_method("command", cmd=command(tmp_path, program))
    with pytest.raises(RuntimeError, match=r"exit status 1: \.\.\. x+out of memory") as caught:
        method.segment(IMAGE, 2)
    assert len(str(caught.value)) < 700


def test_what_a_program_said_is_marked_where_it_is_cut(tmp_path):
    program = f"import sys\nsys.exit('{'/home/eve' * 30}/x.cpp is odd, ' + 'y' * 470)\n"
    method = get_method("command", cmd=command(tmp_path, program))
    with pytest.raises(RuntimeError, match=r"exit status 1: \.\.\. \S+eve/x\.cpp is odd, y+$"):
        method.segment(IMAGE, 2)


def test_a_program_that_writes_nothing_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="wrote no labels"):
        get_method("command", cmd=command(tmp_path, "")).segment(IMAGE, 2)


@pytest.mark.parametrize("name", ["./no_such_program", "."])
def test_a_program_that_cannot_be_run_is_named(name):
    method = get_method("command", cmd=f"{name} {{image}} {{labels}}")
    with pytest.raises(RuntimeError, match=f"'{name}' cannot be run.*path"):
        method.segment(IMAGE, 2)


@pytest.mark.parametrize(
    ("cmd", "message"),
    [
        ("./etps {image} {n}", r"lacks \{labels\}"),
        ("", r"lacks \{image\} and \{labels\}"),
        ("./etps '{image} {labels}", "cannot be split"),
    ],
)
def test_a_command_without_its_places_is_refused_when_made(cmd, message):
    with pytest.raises(ValueError, match=message):
        get_method("command", cmd=cmd)


def writes(*lines):
    """Return a program that makes labels L of the image and does this with them."""
    head = "import sys, numpy as np\nfrom PIL import Image\nL = np.arange(240).reshape(12, 20)\n"
    return "\n".join([head, *lines])


def test_a_program_that_writes_two_label_maps_is_refused(tmp_path):
    program = writes(
        "Image.fromarray(L.astype(np.uint8)).save(sys.argv[3])",
        "np.save(sys.argv[3][:-4] + '.npy', L)",
    )
    method = get_method("command", cmd=command(tmp_path, program))
    with pytest.raises(RuntimeError, match=r"wrote labels\.png and labels\.npy.*one of them"):
        method.segment(IMAGE, 2)


def test_a_program_that_writes_a_jpeg_for_its_labels_is_refused(tmp_path):
    program = writes("Image.fromarray(L.astype(np.uint8)).save(sys.argv[3], 'JPEG')")
    method = get_method("command", cmd=command(tmp_path, program))
    with pytest.raises(RuntimeError, match=r"wrote no label map: labels\.png: is a JPEG"):
        method.segment(IMAGE, 2)
