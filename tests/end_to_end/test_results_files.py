"""Results files in other hands: saved by other programs, cut, renamed, of other versions."""

import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from bench.execution import worker
from bench.storage.store import Store
from methods import Skip
from methods.classical.grid import Grid
from reports.data.results import load
from reports.data.schema import RUN_KEY, SCHEMA_VERSION, VERSION_KEY


@pytest.fixture
def run(here, tiny):
    """``bench run`` of a grid on the tiny data set: three rows for each count."""

    def start(*options, n="4", out="r.parquet"):
        common = ("--dataset", "folder", "--root", tiny, "--backend", "sequential", "--out", out)
        return here("run", "--methods", "grid", "--n", n, *common, *options)

    return start


def by_pandas(path):
    pd.read_parquet(path).assign(note="mine").to_parquet(path)


def filtered_by_pandas(path):
    pd.read_parquet(path).query("image == 'im1'").to_parquet(path)


def cut(path):
    pq.write_table(pq.read_table(path).slice(0, 1), path)


def emptied(path):
    pq.write_table(pq.read_table(path).slice(0, 0), path)


def edited(path):
    table = pq.read_table(path)
    place = table.column_names.index("label")
    pq.write_table(table.set_column(place, "label", pa.array(["Mine"] * len(table))), path)


def less_a_column(path):
    pq.write_table(pq.read_table(path).drop_columns(["time_shared_s"]), path)


def a_table(path):
    pq.write_table(pa.table({"label": ["SLIC"], "asa": [0.9]}), path)


def a_text(path):
    path.write_text("image,asa\nim0,0.9\n")


def changed_metadata(path, key, value):
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, key: value}), path)


def first_version(path):
    changed_metadata(path, VERSION_KEY, b"1")


def later_version(path):
    changed_metadata(path, VERSION_KEY, b"99")


def no_json(path):
    changed_metadata(path, RUN_KEY, b"{x")


def no_object(path):
    changed_metadata(path, RUN_KEY, b"[1]")


def runs_of_another_kind(path):
    changed_metadata(path, RUN_KEY, b'{"runs": {"a": 1}}')


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (by_pandas, "with the column note"),
        (filtered_by_pandas, "without its metadata"),
        (cut, "with 1 of 3 rows"),
        (emptied, "with 0 of 3 rows"),
        (edited, "another program changed it"),
        (less_a_column, "without the column time_shared_s"),
        (a_table, "without its metadata"),
        (a_text, "no Parquet file"),
        (first_version, "schema version is 1"),
        (later_version, "schema version is 99"),
        (no_json, "no JSON object"),
    ],
)
def test_a_file_that_the_folder_did_not_make_is_left_alone(run, tmp_path, spoil, said):
    run()
    spoil(tmp_path / "r.parquet")
    before = (tmp_path / "r.parquet").read_bytes()
    for counts in ("4", "4,9"):
        finished = run(n=counts)
        assert finished.status == 1
        assert said in finished.out
        assert "move it away" in finished.out
        assert (tmp_path / "r.parquet").read_bytes() == before
    (tmp_path / "r.parquet").rename(tmp_path / "mine.parquet")
    assert run(n="4,9").status == 0
    assert len(pq.read_table(tmp_path / "r.parquet")) == 6


def test_a_folder_of_an_earlier_version_is_continued_without_a_record_of_its_file(run, tmp_path):
    run()
    record = tmp_path / "r.run" / "written.json"
    record.unlink()
    assert run(n="4,9").status == 0
    record.unlink()
    cut(tmp_path / "r.parquet")
    finished = run(n="4,9")
    assert finished.status == 1
    assert "with 1 of 6 rows" in finished.out


def test_a_file_of_which_the_folder_is_gone_is_left_alone_if_it_is_none(run, tmp_path):
    run()
    (tmp_path / "r.run").rename(tmp_path / "away")
    by_pandas(tmp_path / "r.parquet")
    finished = run()
    assert finished.status == 1
    assert "saved again" in finished.out
    assert "note" in pd.read_parquet(tmp_path / "r.parquet")


@pytest.mark.parametrize("spoil", [no_json, no_object, runs_of_another_kind, by_pandas])
@pytest.mark.parametrize(
    "command", [("plot",), ("compare",), ("protocols",), ("rescore", "--out", "s.parquet")]
)
def test_metadata_that_cannot_be_read_are_a_message(run, here, tmp_path, spoil, command):
    run()
    spoil(tmp_path / "r.parquet")
    finished = here(command[0], "r.parquet", *command[1:])
    assert finished.status == 1
    assert "r.parquet" in finished.out
    assert "another program" in finished.out


@pytest.mark.parametrize(
    ("column", "commands"),
    [
        ("time_shared_s", ["rescore", "protocols"]),
        ("labels_file", ["rescore", "protocols"]),
        ("time_s", ["plot", "compare", "rescore"]),
        ("status", ["plot", "compare", "rescore"]),
    ],
)
def test_a_column_that_is_missing_is_named(run, here, tmp_path, column, commands):
    run()
    path = tmp_path / "r.parquet"
    pq.write_table(pq.read_table(path).drop_columns([column]), path)
    for command in commands:
        finished = here(command, "r.parquet")
        assert finished.status == 1
        assert column in finished.out
        assert "another program" in finished.out


def test_a_column_of_another_type_is_named(run, here, tmp_path):
    run(n="4,9")
    path = tmp_path / "r.parquet"
    table = pq.read_table(path)
    n = pa.array([f"n{n}" for n in table["n"].to_pylist()])
    pq.write_table(table.set_column(table.column_names.index("n"), "n", n), path)
    for command in ("plot", "compare", "rescore", "protocols"):
        finished = here(command, "r.parquet")
        assert finished.status == 1
        assert "column 'n' holds" in finished.out


def test_text_in_the_form_that_pandas_gives_it_is_text(run, here, tmp_path):
    run(n="4,9")
    path = tmp_path / "r.parquet"
    table = pq.read_table(path)
    label = table["label"].cast(pa.large_string()).dictionary_encode()
    pq.write_table(table.set_column(table.column_names.index("label"), "label", label), path)
    assert here("plot", "r.parquet", "--formats", "png").status == 0
    assert here("rescore", "r.parquet", "--protocol", "best").status == 0


def test_a_row_that_names_no_label_map_has_no_new_score(run, here, tmp_path):
    run()
    path = tmp_path / "r.parquet"
    table = pq.read_table(path)
    place = table.column_names.index("labels_file")
    names = pa.array([None, *table["labels_file"].to_pylist()[1:]], pa.string())
    pq.write_table(table.set_column(place, "labels_file", names), path)
    assert here("rescore", "r.parquet", "--out", "s.parquet").status == 2
    rows = pd.read_parquet(tmp_path / "s.parquet").set_index("image")
    assert rows.status.to_dict() == {"im0": "failed", "im1": "ok", "im2": "ok"}
    assert "labels_file" in rows.error["im0"]


# --- renamed -----------------------------------------------------------------------------------


def rename(folder, old, new):
    for suffix in (".parquet", ".run"):
        (folder / old).with_suffix(suffix).rename((folder / new).with_suffix(suffix))


def test_a_file_and_its_folder_renamed_together_are_found(run, here, tmp_path):
    run()
    rename(tmp_path, "r", "q")
    run(n="9")  # another r, with label maps of its own
    shutil.copytree(tmp_path / "r.run/labels/grid/9", tmp_path / "r.run/labels/grid/4")
    scores = ["asa", "n_labels"]
    before = pd.read_parquet(tmp_path / "q.parquet")[scores]
    assert here("rescore", "q.parquet", "--out", "s.parquet").status == 0
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "s.parquet")[scores], before)
    assert here("protocols", "q.parquet", "--protocol", "best").status == 0
    finished = run(n="4,9", out="q.parquet")
    assert "(3 of 6 are finished)" in finished.out
    rows = pd.read_parquet(tmp_path / "q.parquet")
    assert len(rows) == 6
    assert all((tmp_path / name).is_file() for name in rows.labels_file)
    assert rows.labels_file.str.startswith("q.run/").all()


def test_a_renamed_file_says_the_new_place_of_its_label_maps_when_it_is_run_again(run, tmp_path):
    run()
    rename(tmp_path, "r", "q")
    assert run(out="q.parquet").status == 0
    rows = pd.read_parquet(tmp_path / "q.parquet")
    assert rows.labels_file.str.startswith("q.run/").all()
    assert "Nothing to do" in run(out="q.parquet").out


def test_what_an_earlier_version_made_is_found_under_a_new_name(run, here, tmp_path):
    run()
    forget_names(tmp_path)
    rename(tmp_path, "r", "q")
    assert here("rescore", "q.parquet", "--out", "s.parquet").status == 0
    assert run(n="4,9", out="q.parquet").status == 0
    rows = pd.read_parquet(tmp_path / "q.parquet")
    assert rows.labels_file.str.startswith("q.run/").all()


def forget_names(folder):
    """Make a results file as it was before folders kept their names and what they wrote."""
    table = pq.read_table(folder / "r.parquet")
    facts = json.loads(table.schema.metadata[RUN_KEY])
    del facts["folders"]
    changed_metadata(folder / "r.parquet", RUN_KEY, json.dumps(facts).encode())
    manifest = folder / "r.run" / "manifest.json"
    stored = json.loads(manifest.read_text())
    stored.pop("folders", None)
    manifest.write_text(json.dumps(stored))
    (folder / "r.run" / "written.json").unlink()


def test_a_file_renamed_without_its_folder_is_told_where_that_should_be(run, here, tmp_path):
    run()
    (tmp_path / "r.parquet").rename(tmp_path / "q.parquet")
    finished = run(n="4,9", out="q.parquet")
    assert finished.status == 0
    assert "no folder q.run beside it" in finished.out
    assert "rename r.run as well" in finished.out
    assert here("rescore", "q.parquet", "--out", "s.parquet").status == 0
    shutil.rmtree(tmp_path / "r.run")
    shutil.rmtree(tmp_path / "q.run")
    finished = here("rescore", "q.parquet", "--out", "t.parquet")
    assert finished.status == 1
    assert "q.run for q.parquet" in finished.out


# --- versions of the suite ---------------------------------------------------------------------


SINCE_4 = ("perturbation", "stability")


def without(folder, version, *columns):
    """Make a results file and its folder as an earlier version of the suite would have."""
    for path in (folder / "r.parquet", *(folder / "r.run" / "shards").glob("*.parquet")):
        table = pq.read_table(path).drop_columns(list(columns))
        metadata = {**table.schema.metadata, VERSION_KEY: version}
        pq.write_table(table.replace_schema_metadata(metadata), path)
    (folder / "r.run" / "written.json").unlink()


def test_results_of_version_2_are_read_and_continued(run, here, tmp_path):
    run(n="4,9")
    without(tmp_path, b"2", "run", "machine", "suite", "temporary", "time_shared_s", *SINCE_4)
    assert "Nothing to do" in run(n="4,9").out
    assert here("plot", "r.parquet", "--formats", "png").status == 0
    assert here("compare", "r.parquet", "r.parquet").status == 0
    assert here("rescore", "r.parquet", "--protocol", "best").status == 0
    assert load(tmp_path / "r.parquet", ["label", "machine"]).machine.isna().all()
    finished = run(n="4,9,16")
    assert "(6 of 9 are finished)" in finished.out
    rows = pd.read_parquet(tmp_path / "r.parquet").set_index("n")
    assert rows.machine.isna().groupby("n").all().to_dict() == {4: True, 9: True, 16: False}
    assert pq.read_schema(tmp_path / "r.parquet").metadata[VERSION_KEY] == SCHEMA_VERSION.encode()


def forget_metric(folder, metric):
    """Make a results file and its folder as before the suite had a metric."""
    without(folder, SCHEMA_VERSION.encode(), metric, f"{metric}_by_annotator")
    manifest = folder / "r.run" / "manifest.json"
    stored = json.loads(manifest.read_text())
    stored["metrics"].remove(metric)
    manifest.write_text(json.dumps(stored))


def test_a_metric_that_is_new_in_the_suite_is_null_in_rows_from_before(run, here, tmp_path):
    run()
    forget_metric(tmp_path, "mde")
    finished = run(n="4,9")
    assert finished.status == 0, finished.out
    assert "(3 of 6 are finished)" in finished.out
    assert "3 finished rows without mde" in finished.out
    assert "bench rescore r.parquet" in finished.out
    rows = pd.read_parquet(tmp_path / "r.parquet").set_index("n")
    assert rows.mde.isna().groupby("n").all().to_dict() == {4: True, 9: False}
    assert here("rescore", "r.parquet", "--out", "s.parquet").status == 0
    assert pd.read_parquet(tmp_path / "s.parquet").mde.notna().all()


def test_rows_of_a_killed_run_may_lack_a_metric_too(run, tmp_path):
    run()
    [part] = (tmp_path / "r.run" / "shards").glob("*.parquet")
    rows = pq.read_table(part).to_pylist()
    part.unlink()
    (tmp_path / "r.parquet").unlink()
    for row in rows:
        del row["mde"], row["mde_by_annotator"], row["temporary"]
        Store(tmp_path / "r.parquet").write_row(row)
    assert run().status == 0
    assert pd.read_parquet(tmp_path / "r.parquet").mde.isna().all()


def test_metrics_that_rows_might_have_had_are_refused_still(run):
    run("--metrics", "asa")
    finished = run("--metrics", "asa,br", n="9")
    assert finished.status == 1
    assert "bench rescore" in finished.out


def test_a_column_that_only_a_plugin_or_a_later_version_knows_is_kept(run, here, tmp_path):
    run()
    [part] = (tmp_path / "r.run" / "shards").glob("*.parquet")
    table = pq.read_table(part)
    images = table["image"].to_pylist()
    table = table.append_column("thinness", pa.array([0.25, 0.5, 0.75]))
    table = table.append_column("thinness_by_annotator", pa.array([[0.25], [0.5], [0.75, 1.0]]))
    pq.write_table(table, part)
    finished = run(n="4,9")
    assert finished.status == 0, finished.out
    rows = pd.read_parquet(tmp_path / "r.parquet").set_index(["n", "image"])
    assert rows.thinness[4].to_dict() == dict(zip(images, [0.25, 0.5, 0.75], strict=True))
    assert rows.thinness[9].isna().all()
    assert rows.thinness_by_annotator[4, images[2]].tolist() == [0.75, 1.0]


# --- forced anew -------------------------------------------------------------------------------


def stop_after(monkeypatch, calls):
    """Press Ctrl-C at a call of the method; return what counts the calls."""
    made = []
    segment = Grid.segment

    def interrupted(self, image, n):
        made.append(n)
        if len(made) > calls:
            raise KeyboardInterrupt
        return segment(self, image, n)

    monkeypatch.setattr(Grid, "segment", interrupted)
    return made


@pytest.mark.parametrize("again", [["--force"], []])
def test_an_interrupted_force_goes_on_where_it_stopped(run, here, tmp_path, monkeypatch, again):
    run(n="4,9")
    before = set(pd.read_parquet(tmp_path / "r.parquet").run)
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        finished = run("--force", n="4,9")
    assert finished.status == 130
    assert "with --force or without, continues" in finished.out
    assert "4 rows are still from before" in finished.out
    rows = pd.read_parquet(tmp_path / "r.parquet")
    assert rows.run.isin(before).sum() == 4
    facts = json.loads(pq.read_schema(tmp_path / "r.parquet").metadata[RUN_KEY])
    assert facts["unrenewed"] == 4
    assert {its["images"] for its in facts["annotators"].values()} == {3}
    for command in ("plot", "compare"):
        assert "4 rows are from before an interrupted" in here(command, "r.parquet").out
    with monkeypatch.context() as patch:
        made = stop_after(patch, 3)
        assert run(*again, n="4,9").status == 130
        assert len(made) == 4
    finished = run(*again, n="4,9")
    assert "1 cell to run (5 of 6 are finished)" in finished.out
    assert "still from before" not in finished.out
    rows = pd.read_parquet(tmp_path / "r.parquet")
    assert not rows.run.isin(before).any()
    assert len(rows) == 6
    assert "Nothing to do" in run(n="4,9").out
    assert "6 cells to run" in run("--force", n="4,9").out


def test_a_force_that_was_interrupted_is_said_by_every_run_until_it_is_done(
    run, tmp_path, monkeypatch
):
    run(n="4,9")
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        run("--force", n="4,9")
    finished = run(n="16")  # other cells are not its matter
    assert "3 cells to run" in finished.out
    assert "4 rows are still from before" in finished.out
    finished = run(n="9")  # some of its cells
    assert "to run" in finished.out
    finished = run(n="4,9")
    assert finished.status == 0
    assert "still from before" not in finished.out


def test_no_row_is_copied_for_another_seed_that_is_to_be_renewed(run, tmp_path, monkeypatch):
    run(n="4,9")
    before = set(pd.read_parquet(tmp_path / "r.parquet").run)
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        run("--force", n="4,9")
    assert "4 cells to run" in run("--seed", "1", n="4,9").out
    rows = pd.read_parquet(tmp_path / "r.parquet")
    assert not rows[rows.seed == 1].run.isin(before).any()


def test_another_force_than_the_interrupted_one_runs_all_of_its_own(run, tmp_path, monkeypatch):
    run(n="4,9")
    with monkeypatch.context() as patch:
        stop_after(patch, 5)
        run("--force", n="4,9")
    assert "3 cells to run" in run("--force", n="4").out
    assert "still from before" in run(n="4").out
    assert "1 cell to run" in run(n="4,9").out


def test_a_first_run_that_was_forced_and_interrupted_goes_on(run, monkeypatch):
    run(out="warm.parquet")
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        assert run("--force", n="4,9").status == 130
    assert "4 cells to run (2 of 6 are finished)" in run("--force", n="4,9").out


DIES = """
import os, signal
from pathlib import Path
import numpy as np
from methods import Method, register

@register
class Dies(Method):
    name = "dies"

    def segment(self, image, n):
        if Path("die").exists():
            calls = Path("die").read_text()
            if calls == "...":
                os.kill(os.getpid(), signal.SIGKILL)
            Path("die").write_text(calls + ".")
        return np.zeros(image.shape[:2], int)
"""


def test_a_killed_force_goes_on_where_it_stopped(bench, tiny, results, tmp_path):
    (tmp_path / "dies.py").write_text(DIES)
    command = ("run", "--methods", "dies", "--n", "4,9", "--dataset", "folder", "--root", tiny)
    command += ("--plugin", "dies.py", "--backend", "sequential")
    assert bench(*command).status == 0
    first = results().run.iloc[0]
    (tmp_path / "die").write_text("")
    assert bench(*command, "--force").status == 137  # by the process that waits beside it
    (tmp_path / "die").unlink()
    finished = bench(*command, "--force")
    assert finished.status == 0, finished.out
    assert "4 cells to run (2 of 6 are finished)" in finished.out
    assert first not in set(results().run)


def test_scoring_again_with_force_goes_on_too(run, here, tmp_path, monkeypatch):
    run(n="4,9")
    again = ("rescore", "r.parquet", "--out", "s.parquet")
    here(*again)
    with monkeypatch.context() as patch:
        stop_reading_after(patch, 2)
        assert here(*again, "--force").status == 130
    finished = here(*again)
    assert "4 cells to run (2 of 6 are finished)" in finished.out
    assert "Nothing to do" in here(*again).out


def stop_reading_after(monkeypatch, maps):
    """Press Ctrl-C when so many label maps were read."""
    made, read = [], worker.read_label_map

    def interrupted(path, *more):
        made.append(path)
        if len(made) > maps:
            raise KeyboardInterrupt
        return read(path, *more)

    monkeypatch.setattr(worker, "read_label_map", interrupted)


# --- declined for now --------------------------------------------------------------------------


def decline(monkeypatch, **how):
    def declines(self, image, n):
        raise Skip("needs 9 GiB, 1 are free", **how)

    monkeypatch.setattr(Grid, "segment", declines)


@pytest.mark.parametrize("again", [[], ["--retry-failed"]])
def test_what_was_skipped_for_lack_of_memory_is_tried_again(run, tmp_path, monkeypatch, again):
    with monkeypatch.context() as patch:
        decline(patch, temporary=True)
        assert run().status == 0
        assert pd.read_parquet(tmp_path / "r.parquet").temporary.all()
        assert "3 cells to run" in run(*again).out
    finished = run(*again)
    assert "3 cells to run" in finished.out
    assert "3 ok" in finished.out
    assert "Nothing to do" in run(*again).out


@pytest.mark.parametrize("again", [[], ["--retry-failed"]])
def test_what_was_skipped_for_good_is_not(run, monkeypatch, again):
    with monkeypatch.context() as patch:
        decline(patch)
        run()
    finished = run(*again)
    assert "Nothing to do" in finished.out
    assert "3 skipped" in finished.out


def test_rows_that_do_not_know_why_they_were_skipped_are_retried_if_asked(
    run, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        decline(patch, temporary=True)
        run()
    without(tmp_path, b"2", "temporary")
    assert "Nothing to do" in run().out
    assert "3 cells to run" in run("--retry-failed").out


def test_skipped_rows_are_not_scored_again_and_again(run, here, monkeypatch):
    run()
    with monkeypatch.context() as patch:
        decline(patch, temporary=True)
        run(n="4,9")
    again = ("rescore", "r.parquet", "--out", "s.parquet")
    assert here(*again).status == 0
    assert "Nothing to do" in here(*again).out


# --- a run that was killed ---------------------------------------------------------------------


def test_the_finished_rows_of_a_killed_run_can_be_written(run, tmp_path):
    run(n="4,9")
    whole = pq.read_table(tmp_path / "r.parquet")
    (tmp_path / "r.parquet").unlink()
    store = Store(tmp_path / "r.parquet")
    assert store.recover() == 6
    again = pq.read_table(tmp_path / "r.parquet")
    assert again["key"].equals(whole["key"])
    assert pc.sum(again["asa"]).as_py() == pytest.approx(pc.sum(whole["asa"]).as_py())
    assert "Nothing to do" in run(n="4,9").out
    assert np.isfinite(again["time_s"].to_numpy()).all()
