"""A run that was killed has no results file, but finished rows: commands that read offer them."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from bench.cli import _status
from bench.storage.renewal import Renewal, write_renewals
from bench.storage.store import Store
from reports.data.schema import run_facts
from tests.fake_results import Fake, table, write

ROWS = table(Fake(images=3, ns=(50, 100))).to_pylist()


@pytest.fixture
def killed(tmp_path):
    """The path of a results file whose run was killed after some rows."""
    store = Store(tmp_path / "r.parquet")
    with store.locked():
        store.write_manifest({"id": "a run", "runs": []})
        for row in ROWS:
            store.write_row(row)
    return store.out


@pytest.fixture
def told(capsys):
    """Run ``bench ...`` in this process: exit status and what it said."""

    def run(*arguments):
        status = _status([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("plot", "--formats", "pdf"),
        ("compare", "--at", "80", "--metrics", "asa"),
        ("report", "--gallery", "0"),
    ],
)
def test_what_a_killed_run_has_finished_is_shown_and_said(killed, told, arguments):
    status, said = told(arguments[0], killed, *arguments[1:])
    assert status == 0, said
    assert f"{killed} was not there; it is written from {len(ROWS)} finished rows" in said
    assert "the same `bench run` continues" in said
    assert len(pd.read_parquet(killed)) == len(ROWS)
    status, said = told(arguments[0], killed, *arguments[1:])
    assert status == 0
    assert "finished row" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("plot", "--formats", "pdf", "--figures", "curves"),
        ("compare", "--at", "80", "--metrics", "asa"),
        ("report", "--gallery", "0"),
    ],
)
def test_what_a_killed_run_has_finished_is_set_beside(killed, told, tmp_path, arguments):
    own = write(tmp_path / "own.parquet", Fake(("Ours",), ns=(50, 100), images=3, random=1))
    status, said = told(arguments[0], own, "--with", killed, *arguments[1:])
    assert status == 0, said
    assert f"{killed} was not there; it is written from {len(ROWS)} finished rows" in said


@pytest.mark.parametrize("command", ["rescore", "protocols"])
def test_label_maps_of_a_killed_run_can_be_scored_again(killed, told, command):
    status, said = told(command, killed)
    assert status == 1  # these rows are invented, without label maps
    assert f"written from {len(ROWS)} finished rows" in said
    assert "no such file" not in said


def test_rows_that_a_killed_run_added_to_an_older_file_are_said(killed, told):
    assert told("plot", killed, "--formats", "pdf")[0] == 0
    Store(killed).write_row(ROWS[0])
    status, said = told("compare", killed, "--at", "80", "--metrics", "asa")
    assert status == 0
    folder = killed.with_suffix(".run")
    assert f"{killed} is older than the rows in {folder}; the same `bench run` brings it" in said


def test_a_run_that_goes_on_is_waited_for(killed, told):
    with Store(killed).locked():
        status, said = told("plot", killed)
    assert status == 1
    assert said == f"bench: {killed}: no such file yet, its run is going on; wait for it\n"
    assert not killed.exists()


def test_a_run_without_a_finished_row_has_nothing_to_offer(tmp_path, told):
    with Store(tmp_path / "r.parquet").locked():
        pass
    status, said = told("plot", tmp_path / "r.parquet")
    assert status == 1
    assert "no such file; `bench run` writes one" in said


@pytest.mark.parametrize("name", [".", "folder", "r.run"])
def test_what_is_no_name_of_a_results_file_is_told_in_a_line(tmp_path, told, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    status, said = told("plot", name)
    assert status == 1
    assert said.startswith(f"bench: {name}: ")


def test_a_run_that_was_killed_before_its_first_row_is_told_from_none(tmp_path, told):
    store = Store(tmp_path / "r.parquet")
    with store.locked():
        store.write_manifest({"id": "a run", "runs": []})
    status, said = told("plot", store.out)
    assert status == 1
    assert "no such file yet; the run of" in said
    assert "has finished no row yet; wait for it, or give the same `bench run` again" in said


def test_a_name_without_its_ending_is_no_file_that_is_to_come(killed, told):
    Store(killed.with_name("r1.parquet")).write_manifest({"id": "another", "runs": []})
    for name in ("r", "r1"):
        status, said = told("plot", killed.with_name(name))
        assert status == 1
        assert f"{name}: no such file; `bench run` writes one" in said


def test_rows_from_before_an_interrupted_force_are_counted(killed, told):
    store = Store(killed)
    store.gather()
    write_renewals(store.folder, [Renewal("r", 1, frozenset(row["key"] for row in ROWS))])
    status, said = told("plot", killed, "--formats", "pdf")
    assert status == 0
    assert f"{len(ROWS)} rows are from before an interrupted `bench run --force`" in said


def test_a_file_that_the_folder_beside_it_did_not_make_is_not_said_to_be_older(
    killed, told, tmp_path
):
    (tmp_path / "other").mkdir()
    write(tmp_path / "other" / "r.parquet", Fake(images=3)).rename(killed)
    status, said = told("plot", killed, "--formats", "pdf")
    assert status == 0
    assert "r.run" not in said


def test_merge_takes_what_a_killed_run_has_finished(killed, told, tmp_path):
    other = write(tmp_path / "other.parquet", Fake(images=3, ns=(200,)))
    protocol = {"protocol": run_facts(pq.read_schema(other))["protocol"]}
    Store(killed).write_manifest({"id": "a run", "runs": [], **protocol})
    status, said = told("merge", killed, other, "--out", tmp_path / "m.parquet")
    assert status == 0, said
    assert "is written from" in said
    status, said = told("list", "runs", tmp_path / "m.parquet")
    assert "is older" not in said


def test_rows_of_a_renamed_pair_are_not_said_to_be_missing(killed, told, tmp_path):
    told("list", "runs", killed)
    killed.rename(tmp_path / "s.parquet")
    killed.with_suffix(".run").rename(tmp_path / "s.run")
    status, said = told("list", "runs", tmp_path / "s.parquet")
    assert status == 0
    assert "is older" not in said


def test_a_file_that_another_program_saved_is_said_to_be_that_alone(killed, told):
    told("list", "runs", killed)
    pd.read_parquet(killed).to_parquet(killed)
    status, said = told("list", "runs", killed)
    assert status == 1
    assert "not one that `bench run` wrote" in said
    assert "is older" not in said
