"""Images that are odd or broken: each ends as rows that say so, and the others go on."""

import numpy as np
import pytest

from tests.conftest import write_png


@pytest.fixture
def run(here, tiny, results):
    def start(methods="grid,slic", n="4", status=0):
        data = ("--dataset", "folder", "--root", tiny, "--backend", "sequential")
        finished = here("run", "--methods", methods, "--n", n, *data)
        assert finished.status == status, finished.out
        assert "Traceback" not in finished.out
        return results().set_index("image")

    return start


def break_image(root):
    (root / "images" / "im1.png").write_bytes(b"no image at all")


def truncate_image(root):
    path = root / "images" / "im1.png"
    path.write_bytes(path.read_bytes()[:-40])


def drop_annotations(root):
    for annotator in ("ann1", "ann2"):
        (root / "labels" / annotator / "im1.png").unlink()


def resize_annotation(root):
    write_png(root / "labels" / "ann2" / "im1.png", np.zeros((15, 20), np.uint8))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (break_image, "cannot read the image"),
        (truncate_image, "cannot read the image"),
        (drop_annotations, "has no annotation"),
        (resize_annotation, "is 15 x 20"),
    ],
)
def test_a_broken_image_fails_with_the_reason_and_the_others_go_on(run, tiny, damage, reason):
    damage(tiny)
    rows = run(status=2)
    assert (rows.loc["im1"].status == "failed").all()
    assert rows.loc["im1"].error.str.contains(reason).all()
    assert rows.loc["im1"].error.str.contains("im1.png").all()
    assert (rows.loc[["im0", "im2"]].status == "ok").all()


def test_grey_transparent_and_deep_images_score_as_their_plain_form(run, tiny):
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (30, 40), dtype=np.uint8)
    opaque = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    write_png(tiny / "images" / "im0.png", grey)
    write_png(tiny / "images" / "im1.png", opaque)
    write_png(tiny / "images" / "im2.png", grey.astype(np.uint16) * 257)
    rows = run("grid")
    assert (rows.status == "ok").all()
    assert rows.icv.nunique() == 1


def test_an_image_of_one_pixel_is_segmented_or_declined(bench, tiny, results):
    for folder in ("images", "labels/ann1", "labels/ann2"):
        for i in range(3):
            write_png(tiny / folder / f"im{i}.png", np.zeros((1, 1), np.uint8))
    data = ("--dataset", "folder", "--root", tiny, "--limit", 1, "--workers", 1)
    finished = bench("run", "--methods", "all", "--n", 1, *data)
    assert finished.status == 0, finished.out
    rows = results()
    assert set(rows.status) <= {"ok", "skipped"}
    assert (rows[rows.method == "grid"].status == "ok").all()
    assert (rows[rows.status == "ok"].asa == 1).all()
    assert rows[rows.status == "skipped"].error.notna().all()
