"""What --exif and --void say of files reaches every command that reads them, and stays known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from bench.cli import _status
from methods.labelfiles import read_labels
from metrics import evaluate

H, W = 20, 30
TRUTH = np.digitize(np.tile(np.arange(W), (H, 1)), [7, 22]).astype(np.uint8)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def bench(*arguments, status=0):
    assert _status(list(map(str, arguments))) == status


def run(*options, out="r.parquet", status=0):
    data = ("--dataset", "folder", "--root", "d", "--workers", 1, "--backend", "sequential")
    bench("run", "--methods", "grid", "--n", 6, *data, "--out", out, *options, status=status)
    return pd.read_parquet(out).iloc[0]


def save_data(truth, orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("images", "labels"):
        Path("d", name).mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (H, W, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("d/images/a.jpg", exif=exif)
    truth.save("d/labels/a.png")


@pytest.fixture
def like_voc():
    """Return the annotation: a palette, and a border of 255 between its segments."""
    values = TRUTH.copy()
    values[:, [6, 7, 21, 22]] = 255
    image = Image.fromarray(values, mode="P")
    image.putpalette(np.random.default_rng(0).integers(0, 256, 768).tolist())
    save_data(image)
    return values


def expected(row, values, void=None):
    return evaluate(read_labels(row.labels_file), [values], void=void, metrics=["asa"])["asa"]


def test_masks_like_those_of_voc_are_scored_without_their_border(like_voc):
    row = run("--void", 255)
    assert row.status == "ok", row.error
    assert row.asa == expected(row, like_voc, like_voc == 255) > expected(row, like_voc)


def test_scores_with_other_void_values_do_not_go_into_one_file(like_voc, capsys):
    plain = run()
    assert plain.asa == expected(plain, like_voc)
    run("--void", 255, status=1)
    assert "(void 255)'; give another --out" in capsys.readouterr().err
    assert run("--void", 255, out="v.parquet").content != plain.content


def test_label_maps_are_scored_again_with_the_void_values_of_their_run(like_voc):
    row = run("--void", 255)
    bench("rescore", "r.parquet", "--out", "again.parquet")
    again = pd.read_parquet("again.parquet").iloc[0]
    assert (again.status, again.asa, again.content) == ("ok", row.asa, row.content)
    bench("rescore", "again.parquet", "--out", "third.parquet")
    assert pd.read_parquet("third.parquet").iloc[0].asa == row.asa
    show = ("protocols", "r.parquet", "--protocol", "default", "--metrics", "asa", "--out")
    bench(*show, "p.csv")
    assert pd.read_csv("p.csv").value.tolist() == pytest.approx([row.asa])
    bench(*show, "q.csv", "--void", 0)
    assert pd.read_csv("q.csv").value[0] == pytest.approx(expected(row, like_voc, like_voc == 0))


def test_label_maps_may_be_scored_again_with_other_void_values(like_voc):
    plain = run()
    bench("rescore", "r.parquet", "--void", 255, "--out", "void.parquet")
    void = pd.read_parquet("void.parquet").iloc[0]
    assert void.status == "ok", void.error
    assert void.asa == expected(plain, like_voc, like_voc == 255) != plain.asa
    assert void.content == run("--void", 255, out="v.parquet").content


def test_label_maps_made_elsewhere_are_scored_without_void_pixels(like_voc, tmp_path):
    (tmp_path / "maps").mkdir()
    np.save("maps/a.npy", TRUTH)
    data = ("--dataset", "folder", "--root", "d", "--workers", 1, "--out", "s.parquet")
    bench("score", "maps", *data, "--void", "-1,255")
    assert pd.read_parquet("s.parquet").iloc[0].asa == 1  # with its border: below 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--void", "red"), "--void: 'red' is no whole number"),
        (("--void", "2.5"), "--void: '2.5' is no whole number"),
        (("--void", ","), "--void: ',' names nothing"),
        (("--exif", "turn"), "--exif: unknown 'turn'; there are refuse, apply, ignore"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(like_voc, capsys, options, said):
    bench("run", "--dataset", "folder", "--root", "d", *options, status=1)
    assert said in capsys.readouterr().err


def test_a_turned_photograph_waits_for_the_user_to_say_how(capsys):
    save_data(Image.fromarray(np.ascontiguousarray(TRUTH[::-1, ::-1])), orientation=3)
    refused = run(status=2)
    assert refused.status == "failed"
    assert "a.jpg" in refused.error
    assert "--exif apply or --exif ignore" in refused.error
    turned = run("--exif", "apply", out="turned.parquet")
    stored = run("--exif", "ignore", out="stored.parquet")
    assert turned.status == stored.status == "ok"
    assert turned.content != stored.content
    bench("rescore", "turned.parquet", "--out", "again.parquet")
    assert pd.read_parquet("again.parquet").iloc[0].ev == turned.ev
    bench("rescore", "turned.parquet", "--exif", "ignore", "--out", "no.parquet", status=2)
    assert "not those of the run" in pd.read_parquet("no.parquet").iloc[0].error


def test_a_figure_of_a_turned_photograph_needs_the_same_answer(capsys):
    save_data(Image.fromarray(TRUTH), orientation=6)
    command = ("figure", "examples", "--image", "d/images/a.jpg", "--methods", "grid", "--n", 6)
    bench(*command, status=1)
    assert "--exif apply or --exif ignore" in capsys.readouterr().err
    bench(*command, "--exif", "apply", "--out", "turned.png")
