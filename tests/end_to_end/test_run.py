"""bench run through the command line: rows, statuses, resuming, several counts, timing."""

import json
import os
from importlib.metadata import version

import numpy as np
import pyarrow.parquet as pq
import pytest

from methods.labelfiles import read_labels
from metrics import METRICS, evaluate
from tests.conftest import PLUGIN, write_png

MINE = """
import numpy as np
from methods import Method, register

@register
class Mine(Method):
    name = "mine"

    def segment(self, image, n):
        return np.zeros(image.shape[:2], int)
"""


@pytest.fixture
def run(bench, tiny):
    """``bench run`` on the tiny data set with the misbehaving plugin."""

    def start(methods, *options, n="4,9", workers=1):
        common = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN, "--workers", workers)
        return bench("run", "--methods", methods, "--n", n, *common, *options)

    return start


@pytest.fixture
def alone(here, tiny):
    """`run` in this process, for what does not depend on workers."""

    def start(methods, *options, n="4,9"):
        common = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
        return here(
            *("run", "--methods", methods, "--n", n, "--backend", "sequential", *common, *options)
        )

    return start


def test_a_run_makes_one_row_for_every_cell(run, results, tmp_path):
    finished = run("stripes,grid", "--seed", "0,1")
    assert finished.status == 0, finished.out
    rows = results()
    assert len(rows) == 3 * 2 * 2 * 2
    assert (rows.status == "ok").all()
    assert set(METRICS) <= set(rows.columns)
    row = rows[(rows.method == "stripes") & (rows.n == 9)].iloc[0]
    assert (row.height, row.width, row.n_labels, row.n_components) == (30, 40, 9, 9)
    assert json.loads(row.params) == {"offset": 0}
    assert len(row.asa_by_annotator) == 2
    assert row.asa == pytest.approx(np.mean(row.asa_by_annotator))
    metadata = pq.read_schema(tmp_path / "results.parquet").metadata
    facts = json.loads(metadata[b"superpixel_bench.run"])
    assert facts["runs"][0]["versions"]["numpy"] == np.__version__


def test_stored_label_maps_give_the_scores_of_the_row(alone, results, tmp_path, tiny):
    alone("stripes", n="7")
    row = results().iloc[0]
    labels = read_labels(tmp_path / row.labels_file)
    truths = [read_labels(tiny / "labels" / ann / f"{row.image}.png") for ann in ("ann1", "ann2")]
    assert evaluate(labels, truths)["br_r2"] == row.br_r2


def test_labels_are_the_same_for_one_worker_or_two_or_none(run, results, tmp_path):
    maps = []
    for i, options in enumerate((("--workers", 1), ("--workers", 2), ("--backend", "sequential"))):
        assert run("noisy,slic,seeds,voronoi", "--out", f"r{i}.parquet", *options).status == 0
        rows = results(f"r{i}.parquet")
        maps.append([(tmp_path / name).read_bytes() for name in rows.labels_file])
        assert rows.contended.all() or i != 1  # side by side they are, alone they may be
    assert len(maps[0]) == 4 * 3 * 2
    assert maps[0] == maps[1] == maps[2]


def test_what_a_method_does_wrong_is_a_row_and_the_others_go_on(run, results):
    wrong = {
        "raises": ("failed", "RuntimeError: the reason in two lines"),
        "raises_unprintable": ("failed", "OSError: cannot read \\udcff.png"),
        "raises_mute": ("failed", "MuteError: its message cannot be shown"),
        "exits": ("failed", "SystemExit: leaving"),
        "interrupts": ("failed", "KeyboardInterrupt"),
        "ragged": ("invalid", "different lengths"),
        "wrong_shape": ("invalid", "(3, 3)"),
        "negative": ("invalid", "-1"),
        "floats": ("invalid", "float"),
        "all_nan": ("invalid", "float"),
        "crashes": ("crashed", "died"),
        "declines": ("skipped", "not today"),
    }
    finished = run(",".join([*wrong, "stripes", "writes_into_image"]), n="4", workers=2)
    assert finished.status == 2, finished.out
    rows = results().set_index("method")
    for method, (status, error) in wrong.items():
        assert (rows.loc[method].status == status).all(), method
        assert rows.loc[method].error.str.contains(error, regex=False).all(), method
        assert rows.loc[method].asa.isna().all()
    assert (rows.loc[["stripes", "writes_into_image"]].status == "ok").all()
    assert "Fatal Python error" not in finished.out  # no stack of the crash
    assert (rows.loc["writes_into_image"].ev.to_numpy() == rows.loc["stripes"].ev.to_numpy()).all()


def test_a_method_that_declines_is_no_failure(alone):
    finished = alone("declines,stripes", n="4")
    assert finished.status == 0
    assert "3 skipped, declines: not today" in finished.out


@pytest.mark.parametrize("method", ["sleeps", "hangs"])
def test_a_cell_that_takes_too_long_ends_as_timeout(run, results, method):
    finished = run(f"{method},stripes", "--timeout", "0.5", "--limit", "1", n="4", workers=2)
    assert finished.status == 2, finished.out
    rows = results().set_index("method")
    assert rows.loc[method].status == "timeout"
    assert "longer than 0.5 s" in rows.loc[method].error
    assert rows.loc["stripes"].status == "ok"


def test_an_n_above_the_pixels_is_skipped_and_refused_if_nothing_remains(alone, results):
    finished = alone("stripes", n="4,5000")
    assert finished.status == 0
    rows = results().set_index("n")
    assert (rows.loc[5000].status == "skipped").all()
    assert "1200 pixels" in rows.loc[5000].error.iloc[0]
    assert "1200 pixels" in finished.out
    finished = alone("stripes", "--out", "other.parquet", n="5000")
    assert finished.status == 1
    assert "5000" in finished.out
    assert "1200 pixels" in finished.out


def test_facts_are_those_of_the_cell(alone, results):
    alone("says_once", n="4,9")
    facts = results().set_index("n").facts
    assert json.loads(facts[4].iloc[0]) == {"tries": 7}
    assert (facts[9] == "{}").all()


def test_two_methods_of_one_title_keep_apart(alone, results, tmp_path):
    assert alone("grid,grid2", n="4").status == 0
    rows = results().set_index("method")
    assert set(rows.label) == {"Grid", "Grid (grid2)"}
    assert rows.labels_file.nunique() == 6
    for row in rows.itertuples():
        assert len(np.unique(read_labels(tmp_path / row.labels_file))) == row.n_labels


def test_choices_that_differ_in_writing_only_run_once(alone, results):
    finished = alone("grid,grid[step=0],stripes[offset=1,01]", n="4")
    assert "6 cells to run" in finished.out
    assert len(results()) == 6


def test_the_count_is_that_of_the_label_map_also_where_pixels_are_void(alone, results, tiny):
    void = np.zeros((30, 40), np.uint8)
    void[:, :20] = 1
    for i in range(3):
        write_png(tiny / "void" / f"im{i}.png", void)
    assert alone("stripes", n="4").status == 0
    rows = results()
    assert (rows.n_labels == 4).all()
    assert (rows.count_error == 0).all()
    assert (rows.ev < 1).all()


def test_a_run_records_the_preset_that_auto_stands_for(alone, results, tmp_path):
    finished = alone("net,net[preset=paper]", "--device", "cpu", n="4")
    assert finished.status == 0, finished.out
    assert finished.out.count("net: preset quick (") == 1
    assert "--preset paper for the published settings" in finished.out
    rows = results().set_index("label")
    assert set(rows.index) == {"Net", "Net (quick)"}
    quick = {"blocks": 4, "iterations": 120, "scale": 0.25, "preset": "quick"}
    assert json.loads(rows.loc["Net (quick)"].params.iloc[0]) == quick
    assert (rows.device == "cpu").all()
    assert rows.labels_file.nunique() == 6
    again = alone("net,net[preset=paper]", "--device", "cpu", "--preset", "quick", n="4")
    assert "Nothing to do" in again.out
    assert "preset quick" not in again.out


# --- running again -----------------------------------------------------------------------


def test_a_finished_run_again_does_nothing(alone, tmp_path):
    calls = tmp_path / "calls"
    calls.mkdir()
    command = f"counts[folder={calls}]"
    assert alone(command).status == 0
    written = (tmp_path / "results.parquet").stat().st_mtime_ns
    again = alone(command)
    assert again.status == 0
    assert "Nothing to do" in again.out
    assert len(list(calls.iterdir())) == 6
    assert (tmp_path / "results.parquet").stat().st_mtime_ns == written
    assert alone(command, "--force").status == 0
    assert len(list(calls.iterdir())) == 12


def test_another_method_is_added_to_the_same_results(alone, results):
    alone("stripes")
    alone("grid")
    assert sorted(results().method.unique()) == ["grid", "stripes"]


def test_failed_cells_run_again_only_when_asked(alone, results):
    assert alone("raises,stripes").status == 2
    again = alone("raises,stripes")
    assert again.status == 2
    assert "Nothing to do" in again.out
    retried = alone("raises,stripes", "--retry-failed")
    assert "6 cells to run (6 of 12 are finished)" in retried.out
    assert len(results()) == 12


def test_new_image_content_replaces_the_old_rows(alone, results, tiny):
    alone("stripes", n="4")
    before = results().set_index("image").ev
    write_png(tiny / "images" / "im0.png", np.full((30, 40, 3), 7, np.uint8))
    again = alone("stripes", n="4")
    assert "1 cell to run (2 of 3 are finished)" in again.out
    assert "1 row (run again" in again.out
    after = results().set_index("image").ev
    assert len(after) == 3
    assert np.isnan(after.im0)
    assert (after[["im1", "im2"]] == before[["im1", "im2"]]).all()


def test_results_without_their_folder_are_continued_not_overwritten(alone, results, tmp_path):
    alone("stripes", n="4")
    (tmp_path / "results.run").rename(tmp_path / "elsewhere")
    again = alone("stripes,grid", n="4")
    assert "3 cells to run (3 of 6 are finished)" in again.out
    assert len(results()) == 6


def test_a_damaged_results_file_is_made_again_from_the_shards(alone, results, tmp_path):
    alone("stripes", n="4")
    whole = (tmp_path / "results.parquet").read_bytes()
    (tmp_path / "results.parquet").write_bytes(whole[: len(whole) // 2])
    assert alone("stripes", n="4").status == 0
    assert len(results()) == 3


def test_a_damaged_results_file_without_shards_is_left_alone(alone, tmp_path):
    (tmp_path / "results.parquet").write_bytes(b"PAR1 not really")
    finished = alone("stripes", n="4")
    assert finished.status == 1
    assert "results.parquet" in finished.out
    assert (tmp_path / "results.parquet").read_bytes() == b"PAR1 not really"


def test_what_is_damaged_is_run_again_or_told(alone, results, tmp_path):
    shards = tmp_path / "results.run" / "shards"
    alone("stripes", n="4")
    (shards / "0123.json").write_bytes(b"")
    assert alone("stripes,grid", n="4").status == 0
    assert len(results()) == 6
    part = sorted(shards.glob("part-*"))[0]
    part.write_bytes(part.read_bytes()[:-50])
    finished = alone("stripes", n="9")
    assert finished.status == 1
    assert part.name in finished.out
    assert "Traceback" not in finished.out


def test_a_results_file_from_elsewhere_is_not_overwritten(alone, results, tmp_path):
    alone("stripes", n="4")
    alone("grid", "--out", "other.parquet", n="4")
    (tmp_path / "other.parquet").replace(tmp_path / "results.parquet")
    finished = alone("stripes", n="4")
    assert finished.status == 1
    assert "is not what" in finished.out
    assert (results().method == "grid").all()


def test_rows_of_two_versions_of_a_method_do_not_mix_silently(alone, results, tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text(MINE)
    assert alone("mine", "--plugin", plugin, n="4,9").status == 0
    plugin.write_text(MINE + "# changed")
    again = alone("mine", "--plugin", plugin, n="4")
    assert "3 rows (run again" in again.out
    assert "Warning: label 'mine' of folder has rows of 2 versions of the method" in again.out
    assert results().groupby("n").version.nunique().tolist() == [1, 1]
    assert results().version.nunique() == 2


def test_a_folder_that_moved_is_continued(alone, here, results, tiny, tmp_path):
    alone("stripes", n="4")
    moved = tiny.rename(tmp_path / "moved")
    data = ("--dataset", "folder", "--root", moved, "--plugin", PLUGIN)
    finished = here(
        *("run", "--methods", "stripes,grid", "--n", 4, "--backend", "sequential", *data)
    )
    assert finished.status == 0, finished.out
    assert "3 cells to run (3 of 6 are finished)" in finished.out
    assert len(results()) == 6


def test_another_data_set_does_not_mix_into_the_results(alone, here):
    alone("stripes", n="4")
    finished = here("run", "--methods", "grid", "--n", "9", "--limit", 1)
    assert finished.status == 1
    assert "give another --out" in finished.out


# --- several counts at once -----------------------------------------------------------------


def begun(folder):
    return sorted(path.name.split(" ", 1)[1] for path in folder.iterdir())


def test_a_method_that_shares_work_is_asked_for_all_counts_of_an_image_at_once(
    run, results, tmp_path
):
    (tmp_path / "begun").mkdir()
    finished = run(f"shares[folder={tmp_path / 'begun'}],stripes", n="4,9,4000,16", workers=2)
    assert finished.status == 0, finished.out
    assert begun(tmp_path / "begun") == 3 * ["[4, 9, 16]"]
    rows = results()
    shares = rows[(rows.method == "shares") & (rows.status == "ok")]
    assert sorted(shares.n_labels) == [4, 4, 4, 9, 9, 9, 16, 16, 16]
    assert (shares.time_s > shares.time_shared_s).all()
    assert (shares.groupby("image").time_shared_s.nunique() == 1).all()
    assert rows[rows.method == "stripes"].time_shared_s.isna().all()
    alone = rows[(rows.method == "stripes") & (rows.status == "ok")]
    assert sorted(shares.asa) == sorted(alone.asa)


def test_only_the_counts_that_are_missing_are_asked_for(alone, results, tmp_path):
    (tmp_path / "begun").mkdir()
    method = f"shares[folder={tmp_path / 'begun'}]"
    alone(method, "--limit", "1", n="9")
    alone(method, "--limit", "1", n="4,9,16")
    assert begun(tmp_path / "begun") == ["[4, 16]", "[9]"]
    assert sorted(results().n_labels) == [4, 9, 16]


def test_a_crash_at_one_count_costs_no_other(run, results):
    finished = run("shares[crash_at=9],stripes", n="4,9,16", workers=2)
    assert finished.status == 2, finished.out
    rows = results()
    shares = rows[rows.method == "shares"].set_index("n").status
    assert shares.loc[9].tolist() == 3 * ["crashed"]
    assert shares.loc[[4, 16]].tolist() == 6 * ["ok"]
    assert (rows[rows.method == "stripes"].status == "ok").all()


def test_a_crash_of_another_method_leaves_counts_together(run, results, tmp_path):
    (tmp_path / "begun").mkdir()
    run(f"crashes,shares[folder={tmp_path / 'begun'}]", "--limit", "1")
    assert begun(tmp_path / "begun") == ["[4, 9]"]
    assert results().groupby("method").status.unique().str.join("").to_dict() == {
        "crashes": "crashed",
        "shares": "ok",
    }


@pytest.mark.parametrize("slow", ["share_s=60", "share_s=0.4,divide_s=0.4"])
def test_what_counts_share_is_part_of_the_time_that_each_may_take(run, results, tmp_path, slow):
    (tmp_path / "begun").mkdir()
    method = f"shares[folder={tmp_path / 'begun'},{slow}]"
    assert run(method, "--timeout", "0.6", "--limit", "1").status == 2
    assert results().status.tolist() == ["timeout", "timeout"]
    assert begun(tmp_path / "begun") == ["[4, 9]"]


# --- timing ------------------------------------------------------------------------------


def test_timing_repeats_cells_and_keeps_the_median(run, results, tmp_path):
    calls = tmp_path / "calls"
    calls.mkdir()
    assert run("stripes", n="4").status == 0
    timed_run = run(f"stripes,counts[folder={calls}],raises", "--timing", n="4")
    assert timed_run.status == 2
    rows = results().set_index("method")
    assert len(list(calls.iterdir())) == 9
    timed = rows[rows.status == "ok"]
    assert (timed.time_repeats == 3).all()
    assert (timed.time_spread_s > 0).all()
    assert (rows.loc["raises"].status == "failed").all()
    assert len(rows) == 9
    assert "27/27 rounds, 3 failed" in timed_run.out
    again = run(f"stripes,counts[folder={calls}],raises", "--timing", n="4")
    assert "Nothing to do" in again.out


def test_timing_counts_what_is_shared_in_every_round(run, results, tmp_path):
    (tmp_path / "begun").mkdir()
    assert run(f"shares[folder={tmp_path / 'begun'}]", "--timing").status == 0
    assert begun(tmp_path / "begun") == 9 * ["[4, 9]"]
    rows = results()
    assert (rows.time_repeats == 3).all()
    assert (rows.time_s > rows.time_shared_s).all()


def test_a_count_that_crashes_beside_others_is_found_and_left_out_of_later_rounds(
    run, results, tmp_path
):
    (tmp_path / "begun").mkdir()
    method = f"shares[folder={tmp_path / 'begun'},crash_beside=9]"
    assert run(method, "--timing", "--limit", "1").status == 2
    assert begun(tmp_path / "begun") == ["[4, 9]", "[4]", "[4]", "[4]", "[9]", "[9]"]
    rows = results().set_index("n")
    assert rows.status.to_dict() == {4: "ok", 9: "crashed"}
    assert rows.time_repeats[4] == 3


def test_a_row_says_which_run_and_which_machine_it_comes_from(alone, results, tmp_path):
    alone("stripes", n="4")
    alone("stripes", n="4,9")
    facts = json.loads(
        pq.read_schema(tmp_path / "results.parquet").metadata[b"superpixel_bench.run"]
    )
    first, second = (one["id"] for one in facts["runs"])
    rows = results()
    assert first != second
    assert rows.groupby("n")["run"].unique().map(list).to_dict() == {4: [first], 9: [second]}
    assert list(facts["machines"]) == rows.machine.unique().tolist()
    assert facts["machines"][rows.machine[0]]["cores"] == os.cpu_count()
    assert rows.suite.unique().tolist() == [version("superpixel-bench")]
