"""--with as a user runs it: others' results beside one's own in plot, compare, report and list."""

import json
import re

import pandas as pd
import pytest

from reports.data import reference
from tests.fake_results import METHODS, Fake, write, write_changed


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A reference of 14 methods that came with an installation."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.setattr(reference, "FOLDER", folder)
    write(folder / "bsds500-test.parquet", Fake(METHODS, images=6))
    return folder


@pytest.fixture
def own(tmp_path):
    """A file of two methods of one's own."""
    return write(tmp_path / "r.parquet", Fake(("Ours", "Ours too"), images=6, random=1))


@pytest.mark.usefixtures("shipped", "own")
def test_plot_sets_others_beside_and_shows_ones_own_in_colour(here, tmp_path):
    made = here("plot", "r.parquet", "--with", "reference", "--formats", "svg")
    assert made.status == 0, made.out
    assert "r-with-reference-curves.svg" in made.out
    summary = pd.read_csv(tmp_path / "r-with-reference-summary.csv")
    assert set(summary["label"]) == {*METHODS, "Ours", "Ours too"}
    assert not (tmp_path / "r-curves.svg").exists()
    curves = (tmp_path / "r-with-reference-curves.svg").read_text("utf-8")
    assert "10 others, named at the end" in curves  # 4 of the others and both of one's own are not
    again = here("plot", "r.parquet", "--with", "reference", "--formats", "svg")
    assert again.status == 0, again.out


@pytest.mark.usefixtures("shipped", "own")
@pytest.mark.parametrize(
    ("given", "status"), [("mine", 0), ("Ours too,DISF", 0), ("mine,FH", 0), ("nobody", 1)]
)
def test_highlight_knows_mine(here, given, status):
    choice = ("--with", "reference", "--highlight", given, "--figures", "curves")
    made = here("plot", "r.parquet", *choice, "--formats", "png")
    assert made.status == status, made.out


@pytest.mark.usefixtures("shipped", "own")
def test_labels_of_ones_own_may_be_renamed_or_left_out(here, tmp_path):
    choice = ("--with", "reference", "--rename", "ours=New", "--without", "Ours too,SL*")
    made = here("plot", "r.parquet", *choice, "--figures", "curves", "--formats", "png")
    assert made.status == 0, made.out
    labels = set(pd.read_csv(tmp_path / "r-with-reference-summary.csv")["label"])
    assert labels == {*METHODS, "New"} - {"SLIC"}


@pytest.mark.usefixtures("shipped", "own")
def test_compare_sets_others_beside(here):
    made = here("compare", "r.parquet", "--with", "reference", "--at", "100", "--format", "json")
    assert made.status == 0, made.out
    rows, _ = json.JSONDecoder().raw_decode(made.out)
    assert {row["label"] for row in rows} == {*METHODS, "Ours", "Ours too"}


@pytest.mark.usefixtures("shipped", "own")
def test_compare_at_the_counts_of_ones_own(here):
    made = here("compare", "r.parquet", "--with", "reference", "--own", "mine", "--format", "json")
    assert made.status == 0, made.out
    rows, _ = json.JSONDecoder().raw_decode(made.out)
    assert {row["label"] for row in rows} == {"Ours", "Ours too"}
    assert {row["minus"] for row in rows} == {*METHODS, "Ours", "Ours too"}
    none = here("compare", "r.parquet", "--with", "reference", "--own", "mine", "--without", "Our*")
    assert none.status == 1
    assert (
        "--own mine: --only and --without leave out Ours, Ours too; add mine to --only" in none.out
    )
    few = ("--with", "reference", "--own", "mine", "--only", "mine,SLIC", "--format", "json")
    chosen = here("compare", "r.parquet", *few)
    assert chosen.status == 0, chosen.out
    rows, _ = json.JSONDecoder().raw_decode(chosen.out)
    assert {row["minus"] for row in rows} == {"SLIC", "Ours", "Ours too"}


@pytest.mark.usefixtures("shipped", "own")
@pytest.mark.parametrize("wrong", [("r.parquet",), ("--perturbed",)])
def test_compare_refuses_what_does_not_go_with_it(here, wrong):
    made = here("compare", "r.parquet", *wrong, "--with", "reference")
    assert made.status == 1
    assert "--with sets others' labels beside those of one file; leave out" in made.out


@pytest.mark.usefixtures("shipped", "own")
def test_report_sets_others_beside(here, tmp_path):
    made = here("report", "r.parquet", "--with", "reference", "--gallery", 0)
    assert made.status == 0, made.out
    page = (tmp_path / "r-with-reference.html").read_text("utf-8")
    assert "bench plot r.parquet --with reference" in page
    assert "Quickshift" in page
    assert "Ours too" in page


def test_any_results_file_can_be_beside(here, tmp_path, own):
    write(tmp_path / "theirs.parquet", Fake(("SLIC",), images=6))
    made = here("compare", own.name, "--with", "theirs.parquet", "--at", "100")
    assert made.status == 0, made.out
    assert "SLIC" in made.out
    gone = here("compare", own.name, "--with", "none.parquet")
    assert gone.status == 1
    assert "none.parquet: no such file" in gone.out


def test_the_reference_is_listed(here, shipped):
    write_changed(shipped / "bsds500-val.parquet", lambda rows: rows.assign(split="val"), images=4)
    made = here("list", "reference")
    assert made.status == 0, made.out
    assert "bsds500/test, 6 images; protocol default" in made.out
    assert "bsds500/val, 4 images; protocol default" in made.out
    rows = json.loads(here("list", "reference", "--format", "json").out)
    assert len(rows) == len(METHODS) + 3


def test_an_installation_without_reference_says_so(here, shipped, own):
    (shipped / "bsds500-test.parquet").unlink()
    for command in (("list", "reference"), ("plot", own.name, "--with", "reference")):
        made = here(*command)
        assert made.status == 1
        assert "no reference results came with this installation" in made.out


def test_condense_is_told_what_it_wrote(here, own):
    made = here("condense", own.name, "--out", "s.parquet")
    assert made.status == 0
    assert re.fullmatch(r"s.parquet: \d+ kB\n", made.out)
    assert here("compare", own.name, "s.parquet", "--tolerance", 0).status == 0
