"""bench score: label maps that were made elsewhere, in any of the formats."""

import numpy as np
import pytest
import scipy.io

from methods.labelfiles import read_labels


@pytest.fixture
def score(here, tiny):
    return lambda folder, *options: here(
        "score", folder, "--dataset", "folder", "--root", tiny, "--workers", 1, *options
    )


def test_stored_label_maps_score_as_in_the_run(here, score, results, tmp_path, tiny):
    here(
        "run",
        "--methods",
        "grid",
        "--n",
        "4,9",
        "--backend",
        "sequential",
        "--dataset",
        "folder",
        "--root",
        tiny,
    )
    [folder] = (tmp_path / "results.run" / "labels").iterdir()
    finished = score(folder, "--name", "again")
    assert finished.status == 0, finished.out
    made, scored = results(), results("scores.parquet")
    assert scored.n.tolist() == made.n.tolist()
    assert (scored.method == "again").all()
    assert scored.time_s.isna().all()
    for metric in ("asa", "br_r2", "ev", "count_error"):
        assert scored[metric].tolist() == made[metric].tolist()


def test_without_a_folder_of_a_count_n_is_null(score, results, tmp_path, tiny):
    maps = tmp_path / "maps"
    maps.mkdir()
    truths = [read_labels(tiny / "labels" / "ann2" / f"im{i}.png") for i in range(3)]
    np.save(maps / "im0.npy", truths[0])
    np.savetxt(maps / "im1.csv", truths[1], fmt="%d", delimiter=",")
    scipy.io.savemat(maps / "im2.mat", {"labels": truths[2]})
    assert score(maps).status == 0
    rows = results("scores.parquet")
    assert rows.n.isna().all()
    assert rows.count_error.isna().all()
    assert [row[1] for row in rows.asa_by_annotator] == [1.0, 1.0, 1.0]


def test_a_missing_a_wrong_and_a_damaged_map_are_rows(score, results, tmp_path):
    maps = tmp_path / "maps"
    maps.mkdir()
    np.save(maps / "im0.npy", np.zeros((3, 3), int))
    (maps / "im1.npy").write_bytes(b"nothing")
    finished = score(maps)
    assert finished.status == 2
    rows = results("scores.parquet").set_index("image")
    assert rows.loc["im0"].status == "invalid"
    assert "(3, 3)" in rows.loc["im0"].error
    assert rows.loc["im1"].status == "failed"
    assert "im1.npy" in rows.loc["im1"].error
    assert rows.loc["im2"].status == "failed"
    assert "im2" in rows.loc["im2"].error


def test_a_folder_without_label_maps_is_refused(score, tmp_path):
    (tmp_path / "maps").mkdir()
    finished = score(tmp_path / "maps")
    assert finished.status == 1
    assert "no label map" in finished.out
    assert score(tmp_path / "nowhere").status == 1
