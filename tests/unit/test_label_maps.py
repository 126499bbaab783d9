"""Label maps made elsewhere: which are scored, and what is told of those that are not."""

import numpy as np
import pytest

from bench.cli import _status
from bench.datasets import open_dataset
from bench.errors import UsageError
from bench.planning.label_maps import find_label_maps
from tests.conftest import write_png


@pytest.fixture
def find(tiny, tmp_path):
    def find(*names, **options):
        for name in names:
            write_png(tmp_path / "maps" / name, np.zeros((30, 40), np.uint8))
        return find_label_maps(tmp_path / "maps", open_dataset("folder", tiny, **options), "mine")

    return find


IMAGES = ("im0.png", "im1.png", "im2.png")


def in_folder(folder, names=IMAGES):
    return [f"{folder}/{name}" for name in names]


def test_a_folder_in_order_leaves_nothing_out(find, tmp_path):
    found = find(*in_folder(50), *in_folder(100))
    assert found.left_out == ()
    assert [(cell.image, cell.n) for cell in found.cells][:2] == [("im0", 50), ("im0", 100)]
    assert len(found.cells) == 6


def test_a_count_whose_names_match_nothing_is_told_and_its_cells_are_there(find, tmp_path):
    found = find(*in_folder(50), "100/im0_100.png", "100/im1_100.png")
    [line] = found.left_out
    assert line.startswith(
        f"none of the 2 label maps in {tmp_path / 'maps' / '100'} is of an image"
    )
    assert line.endswith("lacks its label map for n = 100: im0_100.png, im1_100.png")
    assert sorted({cell.n for cell in found.cells}) == [50, 100]
    assert not any(cell.n == 100 and "im0_100" in cell.labels_path for cell in found.cells)


def test_label_maps_of_no_image_are_named_and_counted(find):
    found = find(*IMAGES, "im3.png", "overview.png", *in_folder(50), "50/im9.png")
    [line] = found.left_out
    assert line == (
        "3 label maps left out, of no image of the data set: 50/im9.png, im3.png, overview.png"
    )


def test_images_beyond_the_limit_are_of_the_data_set(find):
    assert find(*in_folder(50), limit=1).left_out == ()


def test_folders_and_formats_that_are_not_read_are_named(find, tmp_path):
    found = find(
        *in_folder(50), *in_folder("n100"), *in_folder("0200"), *in_folder("50/more"), "50/im1.bmp"
    )
    (tmp_path / "maps" / "50" / "times.txt").write_text("im0 1.5 s")
    (tmp_path / "maps" / "300").mkdir()
    formats, empty, folders = find().left_out
    assert formats.startswith("1 file left out, not in a format that is read")
    assert formats.endswith(": 50/im1.bmp")
    assert empty == "1 folder of a count left out, without any label map: 300"
    assert folders.startswith("3 folders left out, not named by a count")
    assert folders.endswith("0200, 50/more, n100")
    assert {cell.n for cell in found.cells} == {50}


def test_label_maps_of_which_none_matches_are_refused_with_their_names(find, tiny, capsys):
    with pytest.raises(UsageError, match=r"no label map .* \(none of the 1 label map in .*im0_a"):
        find("100/im0_a.png")
    maps = tiny.parent / "maps"
    asked = ["score", maps, "--dataset", "folder", "--root", tiny, "--out", maps / "s.parquet"]
    assert _status([str(part) for part in asked]) == 1
    assert "im0_a.png" in capsys.readouterr().err
