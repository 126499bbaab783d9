"""``bench plot`` as a whole: which files it writes, whole or not at all, and what it refuses."""

import errno
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from bench.cli.plot import plot
from bench.errors import StorageError, UsageError
from metrics import PROTOCOLS
from reports.data.schema import ResultsError
from reports.figures.curves import draw_curves
from reports.figures.runtime import draw_runtime
from reports.output import OutputError, write_whole
from reports.plot import Choice
from reports.plot import make_figures as make_all_figures
from tests.fake_results import METHODS, Fake, table, write

SMALL = Fake(images=3, ns=(50, 100))
TIMED = Fake(images=3, ns=(50, 100), contended=False)

TWO = Choice(("curves", "runtime"))  # what most of these tests need


def make_figures(results, out=None, **how):
    return make_all_figures(results, out, **{"choice": TWO, **how})


@pytest.fixture
def results(tmp_path):
    return write(tmp_path / "results.parquet", TIMED)


def names(paths):
    return [path.name for path in paths]


def with_column(rows, name, values):
    where = rows.schema.get_field_index(name)
    return rows.set_column(where, rows.schema.field(where), values)


def test_all_files_are_written_beside_the_results(results):
    written = make_all_figures(results)
    figures = ("curves", "runtime", "pareto", "compactness", "counts")
    assert names(written) == [
        *(f"results-{name}.{kind}" for name in figures for kind in ("png", "pdf")),
        *("results-summary.csv", "results-summary.md"),
    ]
    assert {path.parent for path in written} == {results.parent}
    account = results.parent / "results-figures.json"
    assert sorted(results.parent.iterdir()) == sorted([*written, results, account])


def test_another_folder_is_made_where_needed(results, tmp_path):
    written = make_figures(results, tmp_path / "a" / "b", formats=["png"])
    account = tmp_path / "a" / "b" / "results-figures.json"
    assert sorted((tmp_path / "a" / "b").iterdir()) == sorted([*written, account])
    assert [path.read_bytes()[1:4] for path in written[:2]] == [b"PNG", b"PNG"]


def test_each_data_set_split_has_figures_of_its_own(tmp_path):
    other = Fake(METHODS[:2], images=2, dataset="folder", split="my photos")
    results = write(tmp_path / "r.parquet", SMALL, other)
    written = names(make_figures(results, formats=["pdf"]))
    curves = [name for name in written if "curves" in name]
    assert curves == ["r-curves-bsds500-test.pdf", "r-curves-folder-my-photos.pdf"]
    table = pd.read_csv(tmp_path / "r-summary.csv")
    assert table.groupby("dataset").size().to_dict() == {"bsds500": 6, "folder": 8}
    text = (tmp_path / "r-summary.md").read_text()
    assert text.index("**bsds500/test**") < text.index("**folder/my photos**")


def test_without_uncontended_times_there_is_no_runtime_figure_and_a_way_to_get_it(tmp_path):
    notes = []
    written = make_all_figures(
        write(tmp_path / "r.parquet", SMALL), formats=["pdf"], on_note=notes.append
    )
    assert not any("runtime" in name for name in names(written))
    (note,) = notes
    assert "--timing" in note


def test_methods_without_uncontended_times_are_named(tmp_path):
    rows = table(TIMED)
    rows = with_column(rows, "contended", pc.equal(rows["label"], "FH"))
    pq.write_table(rows, tmp_path / "r.parquet")
    notes = []
    make_figures(tmp_path / "r.parquet", formats=(), on_note=notes.append)
    assert len(notes) == 1
    assert "no uncontended time of FH;" in notes[0]


def test_what_is_missing_is_said(tmp_path):
    rows = table(SMALL)
    lost = pc.and_(pc.equal(rows["label"], "FH"), pc.equal(rows["image"], "image00001"))
    status = pc.if_else(lost, "timeout", rows["status"])
    pq.write_table(with_column(rows, "status", status), tmp_path / "r.parquet")
    notes = []
    make_figures(tmp_path / "r.parquet", formats=(), on_note=notes.append)
    assert notes[0] == ("bsds500/test: FH: 1 of 3 images missing at n = 50, 100 (cells: 2 timeout)")


def test_two_files_in_one_folder_keep_their_own_figures(tmp_path):
    first = make_figures(write(tmp_path / "a.parquet", SMALL), formats=["png"])
    kept = [path.read_bytes() for path in first]
    second = make_figures(write(tmp_path / "b.parquet", replace(SMALL, random=1)), formats=["png"])
    assert not set(first) & set(second)
    assert [path.read_bytes() for path in first] == kept


def test_what_a_plot_no_longer_makes_does_not_stay_and_nothing_else_goes(tmp_path):
    results = write(tmp_path / "r.parquet", TIMED)
    other = write(tmp_path / "other.parquet", TIMED)
    before = {*make_figures(results), *make_figures(other)}
    own = [tmp_path / name for name in ("runtime.png", "r-runtime-old.png", "r-notes.md")]
    for path in own:
        path.write_text("the user's own")
    edited = tmp_path / "r-runtime.pdf"
    edited.write_text("edited by the user")
    notes = []
    after = make_figures(write(results, SMALL), on_note=notes.append)
    left = set(tmp_path.iterdir())
    assert tmp_path / "r-runtime.png" not in left
    assert {*own, edited, *after, *before} - left == {tmp_path / "r-runtime.png"}
    assert any("removed" in note and "r-runtime.png" in note for note in notes)


def test_data_sets_that_are_gone_take_their_figures_along(tmp_path):
    other = Fake(METHODS[:2], images=2, dataset="folder", split="my photos")
    results = write(tmp_path / "r.parquet", SMALL, other)
    make_figures(results, formats=["pdf"])
    make_figures(write(results, SMALL), formats=["pdf"])
    assert [path.name for path in tmp_path.glob("r-curves*")] == ["r-curves.pdf"]


def test_splits_whose_names_differ_in_spaces_alone_have_figures_of_their_own(tmp_path):
    alike = [replace(SMALL, dataset="folder", split=split) for split in ("a b", "a-b", "a/b")]
    written = make_figures(write(tmp_path / "r.parquet", *alike), formats=["pdf"])
    assert len({path for path in written if "curves" in path.name}) == 3


def test_figures_of_another_file_of_the_same_name_are_not_overwritten(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
    a, b = (write(tmp_path / folder / "r.parquet", SMALL) for folder in "ab")
    figures = tmp_path / "figures"
    kept = [path.read_bytes() for path in make_figures(a, figures, formats=["pdf"])]
    with pytest.raises(OutputError, match=r"figures of .*a/r.parquet.*--out"):
        make_figures(b, figures, formats=["pdf"])
    assert [p.read_bytes() for p in make_figures(a, figures, formats=["pdf"])] == kept
    a.unlink()  # gone, or renamed
    make_figures(b, figures, formats=["pdf"])


def test_an_account_that_cannot_be_read_is_written_anew(tmp_path):
    results = write(tmp_path / "r.parquet", SMALL)
    (tmp_path / "r-figures.json").write_text("[]")
    make_figures(results, formats=())
    assert "r-summary.md" in (tmp_path / "r-figures.json").read_text()


def test_the_same_results_make_the_same_files(results, tmp_path):
    first, second = (make_figures(results, tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_labels_can_be_chosen_and_left_out(tmp_path):
    variants = Fake(("FH", "SLIC", "SLIC[sigma=1]", "SLICO"))
    results = write(tmp_path / "r.parquet", variants)

    def drawn(**choice):
        make_figures(results, formats=(), **choice)
        return sorted(pd.read_csv(tmp_path / "r-summary.csv")["label"].unique())

    assert drawn() == ["FH", "SLIC", "SLICO", "SLIC[sigma=1]"]
    assert drawn(only=["slic*"], without=["SLICO"]) == ["SLIC", "SLIC[sigma=1]"]
    assert drawn(only=["SLIC[sigma=1]", "FH"]) == ["FH", "SLIC[sigma=1]"]
    with pytest.raises(ResultsError, match="no label is left of FH, SLIC"):
        drawn(only=["LSC"])


def test_fonts_in_the_pdf_are_truetype(results):
    pdf = make_figures(results, formats=["pdf"])[0].read_bytes()
    assert b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf


def test_the_summary_has_the_headline_metrics_beside_those_asked_for(results):
    make_figures(results, metrics=["vi"], formats=())
    columns = pd.read_csv(results.parent / "results-summary.csv").columns
    assert {"vi", "vi_low", "asa", "br_r2", "ue_np", "ev", "co"} <= set(columns)


def test_the_metric_asked_for_first_is_the_first_panel_and_column(results):
    make_figures(results, metrics=["ev", "n_labels", "ev", "asa"], formats=())
    (header,) = set(
        re.findall(r"\| method .*", (results.parent / "results-summary.md").read_text())
    )
    heads = [head.strip() for head in header.strip("|").split("|")]
    assert heads[:6] == ["method", "count", "ev ↑", "n_labels", "asa ↑", "br_r2 ↑"]


def test_the_files_name_the_protocol_and_what_annotators_reach(tmp_path):
    reach = {"asa": [0.85, 0.9, 0.94], "sc": [0.1, 0.2, 0.3], "br": [0.01, 0.02, 0.03]}
    facts = {"annotators": {"bsds500/test": {"images": 3, "metrics": reach}}}
    results = write(tmp_path / "r.parquet", replace(SMALL, protocol=PROTOCOLS["best"], facts=facts))

    def summary_and_notes(**options):
        notes = []
        make_figures(results, formats=(), on_note=notes.append, **options)
        return (tmp_path / "r-summary.md").read_text(), notes

    text, notes = summary_and_notes()
    assert text.startswith("**bsds500/test**, 3 images, protocol best\n")
    assert "Annotators against each other: asa 0.900 (0.850 to 0.940), br 0.0200" in text
    assert "bsds500/test: annotators' br (0.01 to 0.03) lies outside the figure" in notes
    csv = pd.read_csv(tmp_path / "r-summary.csv")
    assert list(csv.columns[:4]) == ["dataset", "split", "protocol", "label"]
    assert set(csv["protocol"]) == {"best"}
    text, notes = summary_and_notes(choice=Choice(("curves",), annotators=False))
    assert "protocol best" in text
    assert not any("nnotators" in line for line in (text, *notes))


def test_the_curves_say_what_their_means_are_over(tmp_path, monkeypatch):
    titles = []

    def draw(*arguments):
        figure = draw_curves(*arguments)
        titles.append(figure.legends[0].get_title().get_text().replace("\n", " "))
        return figure

    monkeypatch.setattr("reports.figures.curves.draw_curves", draw)
    fake = replace(SMALL, lists=True, protocol=PROTOCOLS["seal2018"])
    make_figures(write(tmp_path / "r.parquet", fake), formats=())
    (title,) = titles
    assert title.startswith("Means over pairs of image and annotator with")
    assert "Mean over pairs of image and annotator ±" in (tmp_path / "r-summary.md").read_text()


def test_the_default_protocol_goes_without_saying(tmp_path):
    make_figures(write(tmp_path / "r.parquet", SMALL), formats=())
    assert (tmp_path / "r-summary.md").read_text().startswith("**bsds500/test**, 3 images\n")
    assert set(pd.read_csv(tmp_path / "r-summary.csv")["protocol"]) == {"default"}


@pytest.fixture
def machines(monkeypatch):
    """What runtime figures say that times were taken on."""
    said = []
    monkeypatch.setattr(
        "reports.figures.runtime.draw_runtime",
        lambda times, machine, *_: said.append(machine) or draw_runtime(times, machine),
    )
    return said


def test_the_runtime_figure_tells_of_the_cells_in_it_alone(tmp_path, machines):
    rows = table(TIMED)
    repeated = pc.equal(rows["label"], "SLIC")
    rows = with_column(rows, "time_repeats", pc.if_else(repeated, 3, 1).cast("int32"))
    rows = with_column(rows, "threads", pc.if_else(repeated, 1, 8).cast("int32"))
    pq.write_table(rows, tmp_path / "r.parquet")
    make_figures(tmp_path / "r.parquet", formats=())
    assert machines == ["3 repeats a cell; cpu, 1 thread"]


def test_threads_that_are_not_recorded_are_said_so(tmp_path, machines):
    rows = table(TIMED)
    nothing = pa.nulls(len(rows), rows.schema.field("threads").type)
    pq.write_table(with_column(rows, "threads", nothing), tmp_path / "r.parquet")
    make_figures(tmp_path / "r.parquet", formats=())
    assert machines == ["single runs; cpu, threads not recorded"]


def test_the_runtime_figure_says_on_how_many_images_times_were_taken(tmp_path, machines):
    rows = table(TIMED)
    timed = pc.equal(rows["image"], "image00001")
    for name, value in (("time_s", rows["time_s"]), ("time_repeats", 3), ("threads", 1)):
        values = pc.if_else(timed, value, None).cast(rows.schema.field(name).type)
        rows = with_column(rows, name, values)
    pq.write_table(rows, tmp_path / "r.parquet")
    make_figures(tmp_path / "r.parquet", formats=())
    assert machines == ["3 repeats a cell of 1 image; cpu, 1 thread"]


# --- refusals ----------------------------------------------------------------------------------


def test_results_without_an_ok_cell_are_refused_with_what_happened(tmp_path):
    results = write(tmp_path / "r.parquet", Fake(failing=1.0, images=4))
    with pytest.raises(ResultsError, match=r"no cell ended ok \(\d+ \w+, \d+ \w+, \d+ \w+\)"):
        make_figures(results)
    assert list(tmp_path.iterdir()) == [results]


def test_results_without_rows_are_refused(tmp_path):
    pq.write_table(table(SMALL).slice(0, 0), tmp_path / "r.parquet")
    with pytest.raises(ResultsError, match="no rows"):
        make_figures(tmp_path / "r.parquet")


def test_a_metric_without_values_is_left_out_and_said_and_refused_if_none_is_left(tmp_path):
    rows = table(SMALL)
    rows = with_column(rows, "co", pa.nulls(len(rows), pa.float64()))
    pq.write_table(rows, tmp_path / "r.parquet")
    with pytest.raises(ResultsError, match="no cell has a value of co"):
        make_figures(tmp_path / "r.parquet", metrics=["co"])
    notes = []
    make_figures(tmp_path / "r.parquet", metrics=["asa", "co"], formats=(), on_note=notes.append)
    assert "co has no value in any cell and is left out" in notes
    assert "co" not in pd.read_csv(tmp_path / "r-summary.csv").columns


def test_a_full_disk_leaves_the_old_file_and_nothing_half_written(tmp_path, monkeypatch):
    path = tmp_path / "curves.png"
    path.write_text("old")

    def write_half(temporary):
        temporary.write_text("new, ha")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match=r"curves.png: No space left on device; .*--out"):
        write_whole(path, write_half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# --- the command -------------------------------------------------------------------------------


def test_the_command_prints_one_line_per_file(results, capsys):
    plot(results)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(set(printed)) > 6
    assert all(Path(line).is_file() for line in printed)


def test_quiet_prints_nothing(tmp_path, capsys):
    plot(write(tmp_path / "r.parquet", SMALL), formats="pdf", quiet=True)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_the_command_can_leave_annotators_out(tmp_path, capsys):
    facts = {"annotators": {"bsds500/test": {"images": 3, "metrics": {"asa": [0.1, 0.1, 0.1]}}}}
    results = write(tmp_path / "r.parquet", replace(SMALL, facts=facts))
    plot(results, formats="pdf")
    assert "note: bsds500/test: annotators' asa (0.1 to 0.1) lies" in capsys.readouterr().err
    plot(results, formats="pdf", annotators=False)
    assert "annotators" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "asa,br_r22"}, "unknown metric 'br_r22'; did you mean 'br_r2'"),
        ({"metrics": " , "}, "--metrics"),
        ({"figures": "curves", "budget": 0.1}, "--budget: --figures curves has no use for it"),
        ({"figures": "curves,runtime", "at": 80}, "--at: --figures curves,runtime has no use"),
        (
            {"formats": "png,jpg"},
            "unknown format 'jpg'; did you mean 'png'?; known are png, pdf, svg",
        ),
    ],
)
def test_options_that_make_no_sense_are_answered_with_what_does(results, options, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        plot(results, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"figures": "ranks,curves", "at": 80},
        {"figures": "curves", "at": 80, "pair": ["SLIC,FH"]},
        {"figures": "pareto", "budget": 0.1},
        {"budget": 0.1, "at": 80},
    ],
)
def test_options_that_a_chosen_figure_uses_are_taken(results, options):
    plot(results, formats="svg", **options)


def test_a_budget_without_comparable_times_is_answered_with_what_is_lacking(tmp_path, capsys):
    plot(write(tmp_path / "r.parquet", SMALL), formats="svg", budget=0.1)
    assert "no pareto figure: no cell was timed without others" in capsys.readouterr().err


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        plot(tmp_path / "results.parquet")


def test_a_folder_that_cannot_be_written_is_told(results):
    with pytest.raises(StorageError, match=r"cannot write .*--out"):
        plot(results, out=results / "figures")  # below a file


def test_a_bad_file_ends_the_program_with_status_1(bench):
    done = bench("plot", "nowhere.parquet")
    assert done.status == 1
    assert done.out == (
        "bench: nowhere.parquet: no such file; "
        "`bench run` writes one, by default ./results.parquet\n"
    )


def test_labels_that_look_the_same_shortened_are_named(tmp_path):
    long = ("Proposed (quick)[laplacian=False]", "Proposed (quick)[edge=none,laplacian=False]")
    notes = []
    make_figures(write(tmp_path / "r.parquet", Fake((*long, "FH"))), on_note=notes.append)
    (said,) = [note for note in notes if "look the same" in note]
    assert all(label in said for label in long)
    assert "--rename" in said
