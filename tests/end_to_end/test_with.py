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
def test_figures_are_of_ones_own_file_and_those_of_another_are_not_replaced(here, tmp_path):
    choice = ("--with", "reference", "--formats", "svg", "--figures", "curves", "--out", "figures")
    assert here("plot", "r.parquet", *choice).status == 0
    account = json.loads((tmp_path / "figures" / "r-with-reference-figures.json").read_text())
    assert account["results"] == "../r.parquet"
    (tmp_path / "b").mkdir()
    write(tmp_path / "b" / "r.parquet", Fake(("Ours",), images=6, random=2))
    made = here("plot", "b/r.parquet", *choice)
    assert made.status == 1
    assert "has the figures of figures/../r.parquet" in made.out


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
    few = ("--with", "reference", "--own", "mine", "--only", "mine,SLIC", "--format", "json")
    chosen = here("compare", "r.parquet", *few)
    assert chosen.status == 0, chosen.out
    rows, _ = json.JSONDecoder().raw_decode(chosen.out)
    assert {row["minus"] for row in rows} == {"SLIC", "Ours", "Ours too"}


@pytest.mark.usefixtures("shipped", "own")
@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (("--without", "Our*"), "--without leaves out Ours, Ours too; change --without"),
        (("--only", "SLIC"), "--only leaves out Ours, Ours too; change --only"),
        (("--only", "ours,FH", "--without", "ours"), "--only and --without leave out Ours, Ours t"),
    ],
)
def test_the_option_that_leaves_out_ones_own_is_named(here, choice, why):
    for command in (("compare", "--own"), ("plot", "--highlight"), ("report", "--highlight")):
        made = here(command[0], "r.parquet", "--with", "reference", command[1], "mine", *choice)
        assert made.status == 1
        assert f"bench: {command[1]}: nothing is left of 'mine': {why}" in made.out


@pytest.mark.usefixtures("shipped", "own")
def test_where_nobody_is_beside_ones_own_the_reason_is_named(here, tmp_path):
    choice = ("--with", "reference", "--own", "mine", "--only", "Ours")
    made = here("compare", "r.parquet", *choice)
    assert made.status == 1
    assert "only Ours is left: --only leaves out" in made.out
    write(tmp_path / "slic.parquet", Fake(("SLIC",), images=6))
    made = here("compare", "slic.parquet", "--with", "slic.parquet", "--own", "mine")
    assert made.status == 1
    assert "set others beside it (give --with a file that has some)" in made.out


@pytest.mark.usefixtures("shipped", "own")
def test_what_is_not_there_is_noted_by_compare_and_refused_by_plot_and_report(here):
    said = "no label is like 'SLICC'; did you mean 'SLIC'?"
    made = here("compare", "r.parquet", "--with", "reference", "--own", "mine,SLICC")
    assert made.status == 0, made.out
    assert f"note: --own: {said}" in made.out
    for command in ("plot", "report"):
        made = here(command, "r.parquet", "--with", "reference", "--highlight", "mine,SLICC")
        assert made.status == 1
        assert made.out.splitlines()[-1] == f"bench: --highlight: {said}"
        made = here(command, "r.parquet", "--highlight", "mine")
        assert made.status == 1
        assert "'mine' are the labels of one's own beside --with" in made.out


def shown(here, tmp_path, *choice):
    """Return the labels that are of one's own in compare, plot and report."""
    file = ("ours.parquet", "--with", "theirs.parquet")
    made = here("compare", *file, "--own", "mine", *choice, "--metrics", "asa", "--format", "json")
    assert made.status == 0, made.out
    rows, _ = json.JSONDecoder().raw_decode(made.out[made.out.index("[") :])
    yield {row["label"] for row in rows}
    figure = ("--figures", "differences", "--data", "--formats", "svg")
    for highlight in ((), ("--highlight", "Mine")):
        made = here("plot", *file, *figure, *highlight, *choice)
        assert made.status == 0, made.out
        drawn = pd.read_csv(tmp_path / "ours-with-theirs-differences.csv")
        assert {"SLIC", "SEEDS", "FH"} <= set(drawn["minus"])
        yield set(drawn["label"])
        made = here("report", *file, *highlight, *choice, "--gallery", 0)
        assert made.status == 0, made.out
        group = group_of(tmp_path / "ours-with-theirs.html")
        yield {group["labels"][place] for place in group["coloured"]}


def group_of(page):
    """Return what a page has of its data set split."""
    data = re.search(r'id="data">(.*?)</script>', page.read_text("utf-8"), re.S)[1]
    (group,) = json.loads(data)["groups"]
    return group


@pytest.mark.parametrize("label", ["slic", "S*", "*", "mine", "SLIC[a=1]"])
def test_mine_is_what_ones_own_rows_are_called_and_nobody_else(here, tmp_path, label):
    write(tmp_path / "theirs.parquet", Fake(images=6))
    rows = {"labels": (label,), "images": 6, "random": 1}
    write_changed(tmp_path / "ours.parquet", lambda its: its.assign(method="other"), **rows)
    assert all(labels == {label} for labels in shown(here, tmp_path))


@pytest.mark.parametrize("allowed", [(), ("--allow-mixed",)])
def test_mine_is_known_where_one_label_becomes_two(here, tmp_path, allowed):
    write(tmp_path / "theirs.parquet", Fake(images=6))

    def two(rows):
        if not allowed:
            return pd.concat([rows, rows.assign(device="cuda")])
        return rows.assign(version=(rows["n"] > 100).map({True: "2", False: "1"}))

    write_changed(tmp_path / "ours.parquet", two, labels=("Ours",), images=6, random=1)
    names = ("version 1", "version 2") if allowed else ("cpu", "cuda")
    for called, choice in (("Ours", ()), ("New", ("--rename", "Ours=New"))):
        own = {f"{called} ({name})" for name in names}
        compared, *drawn = shown(here, tmp_path, *allowed, *choice)
        assert compared == own
        assert all(labels and labels <= own for labels in drawn)


@pytest.mark.parametrize("allowed", [(), ("--allow-mixed",)])
def test_mine_can_be_shown_or_left_out_whatever_its_case(here, tmp_path, allowed):
    write(tmp_path / "theirs.parquet", Fake(images=6))
    write(tmp_path / "ours.parquet", Fake(("Ours", "seeds too"), images=6, random=1))
    file = ("ours.parquet", "--with", "theirs.parquet", *allowed, "--figures", "curves")

    def drawn(*choice):
        made = here("plot", *file, *choice, "--formats", "svg")
        assert made.status == 0, made.out
        return set(pd.read_csv(tmp_path / "ours-with-theirs-summary.csv")["label"])

    assert drawn("--only", "MINE,FH") == {"Ours", "seeds too", "FH"}
    assert drawn("--without", "Mine,FH") == {"SLIC", "SEEDS"}
    assert drawn("--only", "mine,seeds", "--rename", "ours=SLIC") == {"SLIC", "seeds too", "SEEDS"}


def test_a_label_that_is_called_mine_is_one_like_others(here, tmp_path):
    write(tmp_path / "r.parquet", Fake(("mine", "SLIC", "FH"), images=6))
    made = here("compare", "r.parquet", "--own", "Mine", "--format", "json")
    assert made.status == 0, made.out
    rows, _ = json.JSONDecoder().raw_decode(made.out)
    assert {row["label"] for row in rows} == {"mine"}
    made = here("compare", "r.parquet", "--only", "mine,FH", "--at", "60", "--format", "json")
    rows, _ = json.JSONDecoder().raw_decode(made.out)
    assert {row["label"] for row in rows} == {"mine", "FH"}


def test_other_protocols_are_of_ones_own_beside_others(here, tiny, tmp_path):
    run = ("--n", "4,9", "--dataset", "folder", "--root", tiny, "--backend", "sequential")
    for method in ("grid", "voronoi"):
        assert here("run", "--methods", method, *run, "--out", f"{method}.parquet").status == 0
    assert here("protocols", "grid.parquet", "--protocol", "default,stutz2018").status == 0
    for only in ("mine,Vor*", "Grid", "*"):
        made = here("report", "grid.parquet", "--with", "voronoi.parquet", "--only", only)
        assert made.status == 0, made.out
        group = group_of(tmp_path / "grid-with-voronoi.html")
        assert group["spread"]["labels"] == ["Grid"]
    for renamed, shown in (("Voronoi=Other", "Grid"), ("Grid=Mine", "Mine")):
        made = here("report", "grid.parquet", "--with", "voronoi.parquet", "--rename", renamed)
        assert made.status == 0, made.out
        assert group_of(tmp_path / "grid-with-voronoi.html")["spread"]["labels"] == [shown]


@pytest.mark.usefixtures("shipped", "own")
@pytest.mark.parametrize("command", ["compare", "plot", "report"])
def test_one_file_is_set_beside(here, command):
    made = here(command, "r.parquet", "--with", "reference", "--with", "theirs.parquet")
    assert made.status == 1
    assert "--with takes one file, not 'reference' and 'theirs.parquet'; give one of" in made.out
    assert "`bench merge A.parquet B.parquet --out BOTH.parquet`" in made.out
    made = here(command, "r.parquet", "--with", "")
    assert made.status == 1
    assert made.out == "bench: --with: '' names nothing; give a results file, or 'reference'\n"
    made = here(command, "r.parquet", "--with", "refrence")
    assert made.status == 1
    assert made.out == "bench: --with: there is no file 'refrence'; did you mean 'reference'?\n"
    assert (
        "reference.parquet: no such"
        in here(command, "r.parquet", "--with", "reference.parquet").out
    )


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
