"""Pictures: one decoder says size and pixels of every format, and what needs a guess is refused."""

import os

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from bench.datasets import DatasetError
from bench.datasets.base import hash_files
from bench.datasets.images import image_size, read_image

H, W = 12, 18
COLOUR = np.random.default_rng(0).integers(0, 256, (H, W, 3), dtype=np.uint8)
GREY = COLOUR[:, :, 0]
DEEP = COLOUR.astype(np.uint16) * 257


def grey(values):
    return np.dstack([values] * 3)


def tiff(array, **tags):
    return lambda path: tifffile.imwrite(path, array, **tags)


def pillow(mode, **options):
    return lambda path: Image.fromarray(COLOUR).convert(mode).save(path, **options)


def pnm(magic, values, maxval):
    header = f"{magic}\n# a comment\n{W} {H}\n{maxval}\n".encode()
    content = values.astype(">u2" if maxval > 255 else np.uint8).tobytes()
    return lambda path: path.write_bytes(header + content)


def plain(magic, values, maxval):
    text = " ".join(map(str, values.ravel()))
    return lambda path: path.write_text(f"{magic}\n{W} {H}\n{maxval}\n{text}\n")


def of_ten_bits(values):
    return np.rint(values / 255 * 1023).astype(int)


READ = {
    "ten_bits.pgm": (pnm("P5", of_ten_bits(GREY), 1023), grey(GREY)),
    "ten_bits.ppm": (pnm("P6", of_ten_bits(COLOUR), 1023), COLOUR),
    "sixteen_bits.pgm": (pnm("P5", GREY.astype(int) * 257, 65535), grey(GREY)),
    "sixteen_bits.ppm": (pnm("P6", COLOUR.astype(int) * 257, 65535), COLOUR),
    "shares_of_51.pgm": (pnm("P5", GREY // 5, 51), grey(GREY // 5 * 5)),
    "shares_of_51.ppm": (pnm("P6", COLOUR // 5, 51), COLOUR // 5 * 5),
    "eight_bits.ppm": (pnm("P6", COLOUR, 255), COLOUR),
    "plain_ten_bits.pgm": (plain("P2", of_ten_bits(GREY), 1023), grey(GREY)),
    "plain.ppm": (plain("P3", of_ten_bits(COLOUR), 1023), COLOUR),
    "colour.tif": (tiff(COLOUR, photometric="rgb"), COLOUR),
    "deep.tif": (tiff(DEEP, photometric="rgb"), COLOUR),
    "big_endian.tif": (tiff(DEEP, photometric="rgb", byteorder=">"), COLOUR),
    "big.tif": (tiff(COLOUR, photometric="rgb", bigtiff=True), COLOUR),
    "deep_grey.tif": (tiff(DEEP[:, :, 0]), grey(GREY)),
    "white_is_zero.tif": (tiff(255 - GREY, photometric="miniswhite"), grey(GREY)),
    "deep_white_is_zero.tif": (tiff(65535 - DEEP[:, :, 0], photometric="miniswhite"), grey(GREY)),
    "planes.tif": (
        tiff(COLOUR.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
        COLOUR,
    ),
    "float.tif": (tiff((GREY / 255).astype(np.float32)), grey(GREY)),
    "clear.tif": (
        tiff(np.dstack([COLOUR, 0 * GREY]), photometric="rgb", extrasamples=["unassalpha"]),
        grey(0 * GREY + 255),
    ),
    "opaque_premultiplied.tif": (
        tiff(np.dstack([COLOUR, 0 * GREY + 255]), photometric="rgb", extrasamples=["assocalpha"]),
        COLOUR,
    ),
    "lossless.webp": (pillow("RGB", lossless=True), COLOUR),
    "clear_key.png": (
        lambda path: Image.fromarray(GREY).save(path, transparency=int(GREY[0, 0])),
        grey(np.where(GREY[0, 0] == GREY, 255, GREY)),
    ),
    "two_tones.png": (lambda path: Image.fromarray(GREY > 99).save(path), grey(255 * (GREY > 99))),
    "deep.png": (lambda path: cv2.imwrite(str(path), DEEP[:, :, ::-1]), COLOUR),
}


@pytest.mark.parametrize("name", READ)
def test_every_picture_is_read_as_what_it_shows(tmp_path, name):
    write, expected = READ[name]
    write(tmp_path / name)
    image = read_image(tmp_path / name)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, expected)
    assert image_size(tmp_path / name) == (H, W)


def test_a_photograph_of_a_telephone_with_a_second_picture_behind_it_is_a_jpeg(tmp_path):
    first, second = Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    first.save(tmp_path / "b.jpg")
    np.testing.assert_array_equal(read_image(tmp_path / "a.jpg"), read_image(tmp_path / "b.jpg"))


def frames(path):
    first, second = Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)
    first.save(path, save_all=True, append_images=[second])


FIVE = np.dstack([COLOUR, GREY, GREY])
REFUSED = {
    "near_infrared.tif": (
        tiff(FIVE[:, :, :4], photometric="rgb", extrasamples=["unspecified"]),
        "4 bands, of which 1 beyond the colours.*keep the colour bands alone",
    ),
    "deep_near_infrared.tif": (
        tiff(DEEP[:, :, [0, 1, 2, 0]], photometric="rgb", extrasamples=["unspecified"]),
        "4 bands, of which 1 beyond the colours",
    ),
    "five.tif": (tiff(FIVE, photometric="rgb", planarconfig="contig"), "5 bands"),
    "grey_and_more.tif": (
        tiff(FIVE[:, :, :2], photometric="minisblack", planarconfig="contig"),
        "2 bands",
    ),
    "signed.tif": (tiff(GREY.astype(np.int16)), "signed values"),
    "wide.tif": (tiff(GREY.astype(np.uint32)), "32 bits"),
    "float.tif": (tiff(GREY.astype(np.float32)), r"must lie in \[0, 1\]"),
    "deep_planes.tif": (
        tiff(DEEP.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
        "separate planes.*save it as PNG",
    ),
    "pages.tif": (tiff(np.stack([GREY, GREY])), "2 pictures.*save the one that is meant"),
    "print.tif": (pillow("CMYK"), "CMYK; convert it to RGB"),
    "print.jpg": (pillow("CMYK"), "CMYK; convert it to RGB"),
    "lab.tif": (pillow("LAB"), "LAB; convert it to RGB"),
    "moving.png": (frames, "2 pictures"),
    "moving.webp": (frames, "2 pictures"),
    "above_maxval.pgm": (pnm("P5", GREY | 128, 100), "value 255, and its maxval is 100"),
    "cut.pgm": (
        lambda path: path.write_bytes(b"P5\n18 12\n100\n" + bytes(50)),
        "truncated",
    ),
    "bomb.pgm": (lambda path: path.write_bytes(b"P5\n30000 30000\n255\n"), "more than .* pixels"),
    "a_gif.png": (pillow("L", format="GIF"), "none of PNG, JPEG"),
    "empty.png": (lambda path: path.write_bytes(b""), "none of PNG, JPEG"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_picture_that_needs_a_guess_is_refused_by_name(tmp_path, name):
    write, reason = REFUSED[name]
    write(tmp_path / name)
    with pytest.raises(DatasetError, match=reason) as caught:
        read_image(tmp_path / name)
    assert str(caught.value).startswith(f"cannot read the image {tmp_path / name}: ")


def save_turned(path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if path.suffix == ".webp" else {}
    Image.fromarray(COLOUR).save(path, exif=exif, **options)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_picture_that_asks_to_be_turned_is_refused_until_the_user_says_how(
    tmp_path, suffix, orientation
):
    path, upright = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    save_turned(path, orientation)
    save_turned(upright, 1)
    with pytest.raises(
        DatasetError, match=rf"EXIF orientation {orientation}.*--exif apply or --exif ignore"
    ):
        read_image(path)
    stored = read_image(upright)
    np.testing.assert_array_equal(read_image(path, exif="ignore"), stored)
    assert image_size(path, "ignore") == (H, W)
    with Image.open(path) as image:
        shown = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    turned = read_image(path, exif="apply")
    np.testing.assert_array_equal(turned, shown)
    assert image_size(path, "apply") == turned.shape[:2]


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("pixels", [COLOUR, DEEP], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("options", [{}, {"byteorder": ">"}, {"bigtiff": True}])
def test_the_orientation_of_a_tiff_turns_it_only_where_asked(
    tmp_path, pixels, options, orientation
):
    path = tmp_path / "a.tif"
    tag = (274, "H", 1, orientation, True)
    tifffile.imwrite(path, pixels, photometric="rgb", extratags=[tag], **options)
    for exif in ("refuse", "ignore"):
        np.testing.assert_array_equal(read_image(path, exif=exif), COLOUR)
        assert image_size(path, exif) == (H, W)
    save_turned(tmp_path / "a.png", orientation)
    turned = read_image(tmp_path / "a.png", exif="apply")
    np.testing.assert_array_equal(read_image(path, exif="apply"), turned)
    assert image_size(path, "apply") == turned.shape[:2]


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path, orientation):
    save_turned(tmp_path / "a.png", orientation)
    for exif in ("refuse", "apply"):
        np.testing.assert_array_equal(read_image(tmp_path / "a.png", exif=exif), COLOUR)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_plain_file_is_not_waited_for(tmp_path, make):
    path = tmp_path / "image.png"
    make(path)
    assert hash_files([("image", path)]) == hash_files([("image", tmp_path / "none")])
    with pytest.raises(DatasetError, match=r"no plain file|Is a directory"):
        read_image(path)
