"""bench rescore and bench protocols: stored label maps scored again, without any method."""

import numpy as np
import pandas as pd
import pytest

from methods.labelfiles import encode_labels, read_labels
from metrics import PROTOCOLS, evaluate


@pytest.fixture
def ran(bench, tiny):
    """A small run, in results.parquet: diagonal labels in many parts, and one cell that failed."""
    plugin = tiny.parent / "mine.py"
    plugin.write_text(
        "import numpy as np\n"
        "from methods import Method, register, Skip\n"
        "@register\n"
        "class Checks(Method):\n"
        "    name = 'checks'\n"
        "    def segment(self, image, n):\n"
        "        if n == 9:\n"
        "            raise RuntimeError('no nine')\n"
        "        y, x = np.indices(image.shape[:2])\n"
        "        return (y // 5 + x // 5) % 2 + 2 * (x // 20)\n"
    )
    finished = bench(
        *("run", "--methods", "grid,checks", "--n", "4,9", "--dataset", "folder"),
        *("--root", tiny, "--plugin", plugin, "--backend", "sequential"),
    )
    assert finished.status == 2, finished.out
    plugin.unlink()  # nothing below may need the method
    return tiny


def test_another_protocol_gives_its_scores_and_keeps_the_rest(here, ran, results, tmp_path):
    finished = here("rescore", "results.parquet", "--protocol", "stutz2018", "--workers", 1)
    assert finished.status == 2, finished.out  # the failed cells are failed still
    before, after = results(), results("results-stutz2018.parquet")
    assert (after.protocol == "stutz2018").all()
    assert (after.connectivity == "components").all()
    kept = ["image", "label", "n", "status", "error", "time_s", "labels_file", "n_returned"]
    pd.testing.assert_frame_equal(before[kept], after[kept])
    row = after[(after.method == "checks") & (after.n == 4) & (after.image == "im1")].iloc[0]
    assert row.n_returned == 4
    assert row.n_labels == row.n_components == 48
    labels = read_labels(tmp_path / row.labels_file)
    truths = [read_labels(ran / "labels" / f"ann{i}" / "im1.png") for i in (1, 2)]
    again = evaluate(labels, truths, metrics=["br", "asa"], protocol="stutz2018")
    assert row.br == again["br"] == min(row.br_by_annotator)
    assert row.asa == again["asa"]


def test_the_default_again_gives_the_same_scores(here, ran, results):
    assert here("rescore", "results.parquet", "--out", "again.parquet").status == 2
    before, after = results(), results("again.parquet")
    pd.testing.assert_frame_equal(before.drop(columns="key"), after.drop(columns="key"))


def test_treatments_of_unconnected_labels_stand_side_by_side(here, ran, results):
    finished = here(
        *("rescore", "results.parquet", "--connectivity", "as-is,components,merge"),
        *("--metrics", "default,gr", "--out", "three.parquet"),
    )
    assert finished.status == 2, finished.out
    rows = results("three.parquet")
    checks = rows[(rows.method == "checks") & (rows.image == "im0") & (rows.n == 4)]
    counts = checks.set_index("connectivity").n_labels
    assert counts.to_dict() == {"as-is": 4, "components": 48, "merge": 4}
    assert (checks.n_returned == 4).all()
    assert checks.gr.notna().all()
    assert checks.label.tolist() == ["checks (as-is)", "checks (components)", "checks (merge)"]
    assert here("plot", "three.parquet", "--out", "figures").status == 0
    again = here("rescore", "three.parquet", "--protocol", "best")
    assert again.status == 1
    assert "give the file that it was made from" in again.out
    other = here("rescore", "results.parquet", "--metrics", "default,gr", "--out", "three.parquet")
    assert other.status == 1
    assert "--connectivity as-is,components,merge" in other.out


def test_the_metrics_are_those_of_the_file_unless_others_are_named(here, ran, results):
    here("rescore", "results.parquet", "--metrics", "asa,gr", "--out", "few.parquet")
    here("rescore", "few.parquet", "--protocol", "best", "--out", "best.parquet")
    rows = results("best.parquet").query("status == 'ok'")
    assert rows[["asa", "gr"]].notna().all(axis=None)
    assert rows.br.isna().all()


def test_label_maps_that_are_elsewhere_are_told_at_once(here, ran, tmp_path):
    (tmp_path / "results.run").rename(tmp_path / "elsewhere")
    for command in ("rescore", "protocols"):
        finished = here(command, "results.parquet")
        assert finished.status == 1
        assert "the label maps of" in finished.out
    assert not (tmp_path / "results.run").exists()


def test_condensed_results_have_no_label_maps(here, ran):
    here("condense", "results.parquet", "--out", "small.parquet")
    finished = here("rescore", "small.parquet")
    assert finished.status == 1
    assert "no label maps to score, since it was condensed, which leaves them out" in finished.out


def test_a_second_rescoring_has_nothing_to_do_until_there_are_new_rows(here, ran, results):
    again = ("rescore", "results.parquet", "--protocol", "seal2018", "--out", "seal.parquet")
    assert here(*again).status == 2
    assert "Nothing to do" in here(*again).out
    more = here("run", "--methods", "grid", "--n", "16", "--dataset", "folder", "--root", ran)
    assert more.status == 0, more.out
    finished = here(*again)
    assert "3 cells to run" in finished.out
    assert len(results("seal.parquet")) == len(results())


def test_label_maps_that_changed_or_went_are_noticed(here, ran, results, tmp_path):
    again = ("rescore", "results.parquet", "--out", "again.parquet")
    here(*again)
    grid = tmp_path / "results.run" / "labels" / "grid" / "4"
    (grid / "im0.png").write_bytes(encode_labels(np.zeros((30, 40), int)))
    (grid / "im1.png").unlink()
    finished = here(*again)
    assert "2 cells to run" in finished.out
    rows = results("again.parquet").query("method == 'grid' and n == 4").set_index("image")
    assert rows.loc["im0"].n_labels == 1
    assert rows.loc["im1"].status == "failed"
    assert "im1.png" in rows.loc["im1"].error


def test_an_image_that_is_another_now_is_not_scored(here, ran, results):
    other = read_labels(ran / "labels" / "ann1" / "im2.png")
    (ran / "labels" / "ann1" / "im2.png").write_bytes(encode_labels(1 - other.astype(int)))
    here("rescore", "results.parquet", "--out", "again.parquet")
    rows = results("again.parquet")
    changed = rows[(rows.image == "im2") & (rows.method == "grid")]
    assert (changed.status == "failed").all()
    assert changed.error.str.contains("not those of the run").all()
    assert (rows[(rows.image == "im0") & (rows.method == "grid")].status == "ok").all()


MISTAKES = {
    ("nowhere.parquet",): "no such file",
    ("results.parquet", "--protocol", "seal"): "did you mean 'seal2018'",
    ("results.parquet", "--metrics", "asaa"): "did you mean 'asa'",
    ("results.parquet", "--connectivity", "joined"): "as-is, components, components8, merge",
    ("results.parquet", "--out", "results.parquet"): "another name",
    ("results.parquet", "--root", "nowhere"): "--root",
}


def test_an_image_that_changed_and_changed_back_is_scored_as_it_is(here, ran, results):
    path = ran / "labels" / "ann1" / "im2.png"
    before = path.read_bytes()
    again = ("rescore", "results.parquet", "--out", "again.parquet")
    here(*again)
    (path).write_bytes(encode_labels(1 - read_labels(path).astype(int)))
    here(*again)
    path.write_bytes(before)
    here(*again)
    rows = results("again.parquet")
    assert rows.error.isna().sum() == results().error.isna().sum()


def test_a_mistake_is_told_in_a_line(here, ran):
    for arguments, said in MISTAKES.items():
        finished = here("rescore", *arguments)
        assert finished.status == 1, arguments
        assert said in finished.out
        assert "Traceback" not in finished.out


def test_a_file_is_of_one_protocol(here, ran):
    here("rescore", "results.parquet", "--protocol", "best", "--out", "best.parquet")
    finished = here("rescore", "results.parquet", "--protocol", "seal2018", "--out", "best.parquet")
    assert finished.status == 1
    assert "--protocol best" in finished.out
    assert "--protocol seal2018" in finished.out


def test_protocols_stand_side_by_side_and_a_second_look_is_quick(here, ran, tmp_path):
    (tmp_path / "own.toml").write_text('[strict]\nboundary = "thin"\ntolerance = 0\n')
    look = (
        *("protocols", "results.parquet", "--only", "grid", "--metrics", "br,asa"),
        *("--protocol", "default,stutz2018,strict", "--protocol-file", "own.toml"),
        *("--out", "table.csv"),
    )
    first = here(*look)
    assert first.status == 0, first.out  # of the cells of this label none failed
    assert first.out.count("6 cells to run") == 3
    assert here(*look).out.count("Nothing to do") == 3
    numbers = pd.read_csv(tmp_path / "table.csv")
    assert set(numbers.metric) == {"br", "asa"}
    assert set(numbers.protocol) == {"default", "stutz2018", "strict"}
    assert set(numbers.label) == {"Grid"}


def test_protocols_are_all_compared_unless_some_are_named(here, ran, tmp_path):
    unknown = here("protocols", "results.parquet", "--protocol", "seal")
    assert (unknown.status, "did you mean 'seal2018'" in unknown.out) == (1, True)
    every = here("protocols", "results.parquet", "--only", "grid", "--out", "all.md", "--quiet")
    assert (every.status, every.out) == (0, "")
    text = (tmp_path / "all.md").read_text()
    for name in PROTOCOLS:
        assert f"- {name}: " in text
