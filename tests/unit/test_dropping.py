"""``bench drop``: chosen rows leave the file and its folder, and run again when asked for."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from bench.cli import _status
from bench.errors import UsageError
from bench.storage.dropping import drop_rows, parameters_match
from bench.storage.renewal import Renewal, read_renewals, write_renewals
from bench.storage.store import Store
from reports.data.schema import run_facts
from tests.fake_results import Fake, table, write
from tests.unit.test_store import make_row

PARAMS = {"1": '{"compactness": 1.0, "how": "slico"}', "10": '{"compactness": 10.0, "how": "x"}'}


@pytest.fixture
def out(tmp_path):
    """SLIC with two settings and Grid at two counts; one cell failed; a label map each."""
    store = Store(tmp_path / "r.parquet")
    with store.locked():
        for n in (50, 100):
            for label, method, params in (
                ("SLIC", "slic", PARAMS["10"]),
                ("SLIC[compactness=1]", "slic", PARAMS["1"]),
                ("Grid", "grid", "{}"),
            ):
                name = f"r.run/labels/{label}/{n}.png"
                more = {"method": method, "params": params, "label": label, "labels_file": name}
                if (label, n) == ("Grid", 100):
                    more |= {"status": "failed", "labels_file": None}
                else:
                    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
                    (tmp_path / name).write_bytes(b"a label map")
                store.write_row(make_row(f"{label}{n}", n=n, **more))
        store.write_manifest(store.manifest())
        store.finish(store.manifest())
    return store.out


def labels_of(out):
    rows = pd.read_parquet(out)
    return sorted(zip(rows["label"], rows["n"], strict=True))


def drop(out, *options):
    return _status(["drop", str(out), *options])


ALL = [(label, n) for label in ("Grid", "SLIC", "SLIC[compactness=1]") for n in (50, 100)]


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        (["--methods", "slic"], ALL[2:]),
        (["--methods", "sl*,grid", "--n", "50"], ALL[::2]),
        (["--methods", "slic[compactness=10]"], ALL[2:4]),
        (["--methods", "slic[compactness=1.0,how=slico]"], ALL[4:]),
        (["--methods", "slic[compactness=1,10]", "--n", "100"], ALL[3::2]),
        (["--labels", "SLIC"], ALL[2:4]),
        (["--labels", "slic*", "--n", "50"], [ALL[2], ALL[4]]),
        (["--labels", "SLIC[compactness=1]"], ALL[4:]),
        (["--status", "failed"], [ALL[1]]),
        (["--methods", "all", "--status", "ok,failed"], ALL),
    ],
)
def test_rows_go_for_which_all_holds_that_is_given(out, options, gone):
    assert drop(out, *options) == 0
    assert labels_of(out) == [each for each in ALL if each not in gone]
    assert Store(out).is_current()
    with Store(out).locked():
        keys = {f"{label}{n}" for label, n in ALL if (label, n) not in gone}
        assert set(Store(out).done()) == keys


def test_what_is_dropped_is_counted_and_label_maps_stay(out, capsys):
    assert drop(out, "--methods", "slic", "--n", "50") == 0
    assert capsys.readouterr().err.splitlines() == [
        "SLIC: 1 row",
        "SLIC[compactness=1]: 1 row",
        f"2 rows dropped, 4 rows kept in {out}",
    ]
    assert len(list((out.parent / "r.run" / "labels").rglob("*.png"))) == 5


def test_label_maps_go_where_that_is_asked_but_nobody_elses(out, capsys, tmp_path):
    elsewhere = tmp_path / "other.run" / "labels" / "map.png"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes(b"of another file")
    shared = "r.run/labels/SLIC/100.png"
    store = Store(out)
    with store.locked():
        more = {"method": "slic", "params": PARAMS["10"], "label": "SLIC"}
        store.write_row(make_row("foreign", "b", labels_file="other.run/labels/map.png", **more))
        store.write_row(make_row("shared", "b", label="Grid", labels_file=shared))
        store.finish(store.manifest())
    assert drop(out, "--methods", "slic[compactness=10]", "--with-labels") == 0
    assert "3 rows dropped" in capsys.readouterr().err
    assert elsewhere.exists()
    assert (tmp_path / shared).exists()
    assert not (tmp_path / "r.run/labels/SLIC/50.png").exists()


def test_a_dry_run_says_it_and_changes_nothing(out, capsys):
    before = {path: path.read_bytes() for path in out.parent.rglob("*.parquet")}
    assert drop(out, "--methods", "slic", "--dry-run", "--with-labels") == 0
    assert "4 rows would be dropped, 2 rows kept" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.parent.rglob("*.parquet")} == before
    assert len(list(out.parent.rglob("*.png"))) == 5


def test_a_dry_run_beside_no_folder_makes_none(tmp_path):
    path = write(tmp_path / "r.parquet", Fake(images=2))
    assert drop(path, "--labels", "SLIC", "--dry-run") == 0
    assert list(tmp_path.iterdir()) == [path]
    assert drop(path, "--labels", "SLIC") == 0
    assert set(pd.read_parquet(path)["label"]) == {"SEEDS", "FH"}


def test_an_older_row_of_a_dropped_cell_does_not_come_back(out):
    store = Store(out)
    with store.locked():
        store.write_row(make_row("Grid50-again", n=50, label="Grid", status="failed"))
        store.finish(store.manifest())
    assert drop(out, "--status", "failed") == 0
    assert labels_of(out) == ALL[2:]
    with store.locked():
        assert not {"Grid50", "Grid50-again"} & set(store.done())


def test_what_an_interrupted_force_has_done_stays_done(out):
    """Dropping rows of another label does not make its old rows new ones, or the other way."""
    store = Store(out)
    with store.locked():
        keys = frozenset({"SLIC50", "SLIC100", "Grid50"})
        write_renewals(store.folder, [Renewal("r", store.last_part(), keys)])
        more = {"method": "slic", "params": PARAMS["10"], "label": "SLIC"}
        store.write_row(make_row("SLIC50", n=50, **more))
        manifest = store.manifest() | {"unrenewed": 2}
        store.write_manifest(manifest)
        store.finish(manifest)
    assert drop(out, "--labels", "Grid") == 0
    assert run_facts(pq.read_schema(out))["unrenewed"] == 1
    with store.locked():
        done = store.done()
        assert [each.left(done) for each in read_renewals(store.folder, done)] == [{"SLIC100"}]


def test_rows_from_before_an_interrupted_force_are_counted_anew(out):
    store = Store(out)
    with store.locked():
        write_renewals(store.folder, [Renewal("r", store.last_part(), frozenset({"Grid50"}))])
        store.finish(store.manifest())
    assert run_facts(pq.read_schema(out))["unrenewed"] == 1
    assert drop(out, "--labels", "Grid") == 0
    assert run_facts(pq.read_schema(out))["unrenewed"] == 0
    assert Store(out).is_current()


def test_a_metric_that_no_row_was_scored_with_is_still_new_after_a_drop(out):
    store = Store(out)
    [part] = store.shards.glob("*.parquet")
    pq.write_table(pq.read_table(part).drop_columns(["gr"]), part)
    assert drop(out, "--labels", "Grid") == 0
    assert "gr" not in store.columns()
    assert labels_of(out) == ALL[2:]


def test_rows_that_a_killed_run_left_in_the_folder_are_dropped_too(out):
    store = Store(out)
    with store.locked():
        store.write_row(make_row("Grid200", n=200, label="Grid"))
    assert drop(out, "--labels", "Grid") == 0
    assert labels_of(out) == ALL[2:]


def test_what_the_file_says_of_itself_stays(out):
    before = run_facts(pq.read_schema(out))
    drop(out, "--labels", "Grid")
    after = run_facts(pq.read_schema(out))
    assert after["id"] == before["id"]
    assert after["runs"] == before["runs"]


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "say which rows to drop"),
        (["--methods", "slik"], "did you mean 'slic'"),
        (["--methods", "slic[compactness=7]"], "no row is of 'slic[compactness=7]'"),
        (["--methods", "other:slic"], "'other' in 'other:slic' is a label; give it by --labels"),
        (["--labels", "LSC"], "no label is like 'LSC'; the file has Grid, SLIC"),
        (["--labels", "SLIC,gird"], "no label is like 'gird'; did you mean 'Grid'?; the file has"),
        (["--labels", "SLIC", "--n", "400"], "no row of"),
        (["--status", "fialed"], "unknown 'fialed'; did you mean 'failed'"),
        (["--n", "many"], "'many' is not an integer"),
    ],
)
def test_a_choice_of_nothing_is_refused_with_what_there_is(out, capsys, options, message):
    before = out.read_bytes()
    assert drop(out, *options) == 1
    assert message in capsys.readouterr().err
    assert out.read_bytes() == before


def test_a_file_without_rows_has_none_to_drop(tmp_path, capsys):
    pq.write_table(table(Fake()).slice(0, 0), tmp_path / "r.parquet")
    assert drop(tmp_path / "r.parquet", "--labels", "SLIC") == 1
    assert "r.parquet has no rows; there is nothing to drop" in capsys.readouterr().err


def test_a_file_that_another_run_writes_to_is_left_alone(out):
    with Store(out).locked(), pytest.raises(UsageError, match="another run"):
        drop_rows(out, lambda rows: (rows["label"] == "SLIC").to_numpy(), False, False)


def test_what_is_no_results_file_is_refused_and_nothing_is_made(tmp_path, capsys):
    assert drop(tmp_path / "no.parquet", "--labels", "SLIC") == 1
    assert "no such file" in capsys.readouterr().err
    foreign = tmp_path / "foreign.parquet"
    pd.DataFrame({"label": ["SLIC"]}).to_parquet(foreign)
    assert drop(foreign, "--labels", "SLIC") == 1
    assert "not one that `bench run` wrote" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [foreign]
    assert drop(tmp_path, "--labels", "SLIC") == 1


@pytest.mark.parametrize(
    ("values", "matches"),
    [
        (("10",), True),
        (("10.0",), True),
        (("1e1",), True),
        (("1", "10"), True),
        (("1",), False),
        (("ten",), False),
    ],
)
def test_a_number_is_the_same_however_it_is_written(values, matches):
    assert parameters_match('{"compactness": 10.0}', [("compactness", values)]) is matches


def test_words_and_truths_are_compared_as_they_are_written():
    params = json.dumps({"slico": True, "how": "merge", "weights": None})
    assert parameters_match(params, [("slico", ["true"]), ("how", ["merge"])])
    assert parameters_match(params, [("weights", ["none"])])
    assert not parameters_match(params, [("slico", ["1"])])
    assert not parameters_match(params, [("sigma", ["1"])])


# --- and run again -----------------------------------------------------------------------------


def test_dropped_cells_run_again_and_no_others(tmp_path, tiny, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = ["--dataset", "folder", "--root", str(tiny), "--backend", "sequential"]
    run = ["run", "--methods", "grid", "--n", "4,9", *data]
    assert _status(run) == 0
    assert _status(["protocols", "results.parquet", "--protocol", "default", "--quiet"]) == 0
    assert drop("results.parquet", "--methods", "grid", "--n", "9") == 0
    capsys.readouterr()
    shown = ["protocols", "results.parquet", "--protocol", "default", "--metrics", "asa"]
    assert _status(shown) == 0
    assert "| Grid   | 9 |" not in " ".join(capsys.readouterr().out.split("  "))
    assert _status(run) == 0
    assert "3 cells to run (3 of 6 are finished)" in capsys.readouterr().err
    assert len(pd.read_parquet("results.parquet")) == 6
