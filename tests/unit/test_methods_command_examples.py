"""The programs in docs/examples run as the guide says, and hand the image over in every format."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from methods import get_method
from methods.checks import run_checks

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
IMAGE = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
COMPILER = shutil.which("cc")
OCTAVE = shutil.which("octave-cli")


@pytest.fixture(scope="session")
def kmeans(tmp_path_factory):
    if COMPILER is None:
        pytest.skip("needs a C compiler (cc)")
    program = tmp_path_factory.mktemp("c") / "kmeans"
    warnings = ("-Wall", "-Wextra", "-Werror", "-std=c99")
    source = str(EXAMPLES / "kmeans.c")
    subprocess.run([COMPILER, "-O2", *warnings, "-o", str(program), source, "-lm"], check=True)
    return f"{program} {{ppm}} {{n}} {{labels}}"


def test_the_program_in_c_keeps_the_contract(kmeans):
    results = run_checks("command", cmd=kmeans)
    assert [result for result in results if not result.ok] == []


def test_the_program_in_c_finds_two_colours(kmeans):
    image = np.zeros((30, 40, 3), np.uint8)
    image[:, 23:] = 255
    labels = get_method("command", cmd=kmeans).segment(image, 4)
    assert set(np.unique(labels[:, :23])).isdisjoint(np.unique(labels[:, 23:]))
    assert labels.max() < 4


def test_the_program_in_c_says_what_is_wrong(kmeans):
    method = get_method("command", cmd=kmeans.replace("ppm", "image"))
    with pytest.raises(RuntimeError, match="exit status 1: kmeans: the image is no PPM"):
        method.segment(IMAGE, 4)


def test_the_script_keeps_the_contract():
    cmd = f"{sys.executable} {EXAMPLES / 'stripes.py'} {{ppm}} {{n}} {{labels}}"
    results = run_checks("command", cmd=cmd)
    assert [result for result in results if not result.ok] == []


@pytest.mark.skipif(OCTAVE is None, reason="needs Octave (octave-cli)")
def test_the_function_for_matlab_runs_in_octave():
    cmd = f'octave-cli --quiet --path {EXAMPLES} --eval "blocks {{image}} {{n}} {{labels}}"'
    labels = get_method("command", cmd=cmd).segment(IMAGE, 12)
    y, x = np.mgrid[:30, :40]
    np.testing.assert_array_equal(labels, y // 10 * 4 + x // 10)


@pytest.mark.parametrize(
    ("place", "read"),
    [
        ("{image}", "np.asarray(Image.open(sys.argv[1]))"),
        ("{ppm}", "np.asarray(Image.open(sys.argv[1]))"),
        ("{npy}", "np.load(sys.argv[1])"),
        ("{folder}", "np.asarray(Image.open(sys.argv[1] + '/image.png'))"),
        ("{folder}/image.ppm", "np.asarray(Image.open(sys.argv[1]))"),
    ],
)
def test_the_image_is_handed_over_in_the_format_that_is_asked_for(tmp_path, place, read):
    program = tmp_path / "p.py"
    program.write_text(
        "import os, sys, numpy as np\nfrom PIL import Image\n"
        f"image = {read}.astype(np.int64)\n"
        "names = os.listdir(sys.argv[2])\n"
        "assert len(names) == 1 and names[0].startswith('image.'), names\n"
        "np.save(sys.argv[2] + '/labels.npy', image @ [65536, 256, 1])\n"
    )
    method = get_method("command", cmd=f"{sys.executable} {program} {place} {{folder}}")
    np.testing.assert_array_equal(
        method.segment(IMAGE, 2), IMAGE.astype(np.int64) @ [65536, 256, 1]
    )


def test_the_seed_reaches_the_program(tmp_path):
    program = tmp_path / "p.py"
    program.write_text(
        "import sys\nwith open(sys.argv[2], 'wb') as f:\n"
        " f.write(b'P5 40 30 255\\n' + bytes([int(sys.argv[3])]) * 1200)\n"
    )
    cmd = f"{sys.executable} {program} {{image}} {{labels}} {{seed}}"
    assert (get_method("command", cmd=cmd, seed=7).segment(IMAGE, 2) == 7).all()
