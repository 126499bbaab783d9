"""What does not belong together is refused, or kept apart where the user asks for it."""

import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from bench.cli import app
from reports.data.align import align
from reports.data.mixture import find_mixtures, separate
from reports.data.results import load
from reports.data.schema import ORIGINS, ResultsError
from reports.figures.curves import draw_curves
from reports.figures.runtime import draw_runtime
from reports.plot import Choice
from reports.plot import make_figures as make_all_figures
from reports.tables.comparison import compare_at, compare_over
from reports.tables.protocols import side_by_side
from reports.tables.two_files import compare_files
from tests.fake_results import write_changed
from tests.unit.test_reports_align import cell


def make_figures(results, **how):
    return make_all_figures(results, choice=Choice(("curves", "runtime")), **how)


FAKE = {"labels": ("SLIC", "FH"), "ns": (50, 100), "images": 3, "contended": False}
OLD, NEW = "a" * 64, "b" * 64


def make(path, **columns):
    """An invented file with columns by label and image; a plain value is for all rows."""

    def change(frame):
        for name, value in columns.items():
            if callable(value):
                pairs = zip(frame.label, frame.image, strict=True)
                value = [value(label, image) for label, image in pairs]
            frame[name] = pd.array([value] * len(frame) if np.isscalar(value) else value)
        return frame

    return write_changed(path, change, **FAKE)


def changed_image(label, image):
    """An annotation of the second image changed, and SLIC was run again."""
    return NEW if label == "SLIC" and image == "image00001" else OLD


def two_versions(label, image):
    """SLIC was run on the last image with another version."""
    return "2" if label == "SLIC" and image == "image00002" else "1"


READERS = {
    "plot": lambda path, **how: make_figures(path, formats=(), **how),
    "compare --at": lambda path, **how: compare_at(path, **how),
    "compare --over": lambda path, **how: compare_over(path, 40, 90, **how),
    "compare A B": lambda path, **how: compare_files(path, path, ["asa"], **how),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"content": changed_image}, r"image 'image00001' of bsds500/test .*aaaaaa: FH.*SLIC"),
        ({"version": two_versions}, r"label 'SLIC' .*2 versions of the method \(1: 4 rows; 2: 2 "),
        ({"suite": two_versions}, r"label 'SLIC' .*versions of the suite.*`bench rescore`"),
    ],
    ids=["content", "version", "suite"],
)
def test_a_mixture_is_refused_with_what_it_is_and_a_cure(tmp_path, read, columns, said):
    path = make(tmp_path / "r.parquet", **columns)
    with pytest.raises(ResultsError, match=said) as refusal:
        read(path)
    assert "--allow-mixed" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert [file.name for file in tmp_path.iterdir()] == ["r.parquet"]


def test_the_same_labels_under_two_protocols_are_checked_too(tmp_path):
    path = make(tmp_path / "r.parquet", version=two_versions)
    with pytest.raises(ResultsError, match="2 versions of the method"):
        side_by_side({"default": path}, ["asa"])


def test_what_is_mixed_in_other_labels_does_no_harm(tmp_path):
    path = make(tmp_path / "r.parquet", version=two_versions, content=changed_image)
    assert make_figures(path, formats=(), only=["FH"])


def test_a_file_of_an_earlier_version_that_says_nothing_of_its_origin_is_one_kind(tmp_path):
    path = make(tmp_path / "r.parquet")
    assert find_mixtures(load(path)) == []
    part_known = make(tmp_path / "s.parquet", suite=lambda _, image: two_versions("SLIC", image))
    frame = load(part_known)
    frame["suite"] = frame["suite"].astype(object).where(frame["suite"] == "2", None)
    assert {m.subject: list(m.values) for m in find_mixtures(frame)} == {
        "FH": ["2", "not recorded"],
        "SLIC": ["2", "not recorded"],
    }


def test_cells_that_did_not_end_ok_are_in_no_mean_and_mix_nothing():
    rows = [cell(version="1"), cell(image="b", version="2", status="failed", asa=np.nan)]
    assert find_mixtures(pd.DataFrame(rows)) == []


def test_nothing_is_averaged_by_a_way_around_the_commands():
    rows = [cell(version="1"), cell(image="b", version="2")]
    with pytest.raises(ResultsError, match="versions of the method"):
        align(pd.DataFrame(rows), ["asa"])


# --- kept apart --------------------------------------------------------------------------------


def test_versions_become_labels_of_their_own(tmp_path):
    path = make(tmp_path / "r.parquet", version=two_versions)
    notes = []
    make_figures(path, formats=(), allow_mixed=True, on_note=notes.append)
    table = pd.read_csv(next(tmp_path.glob("*summary.csv"))).set_index(["label", "n"])
    assert set(table.index.get_level_values("label")) == {
        *("FH", "SLIC (version 1)", "SLIC (version 2)")
    }
    frame = load(path, ("image", "label", "n", "asa"))
    new = frame[(frame.label == "SLIC") & (frame.image == "image00002") & (frame.n == 50)]
    value = table.loc[("SLIC (version 2)", 50), "asa"]
    assert value == pytest.approx(new.asa.item(), rel=1e-5)
    said = "separate labels for versions of the method: SLIC"
    assert said in notes
    assert f"- {said}\n" in next(tmp_path.glob("*summary.md")).read_text()


def test_images_of_two_contents_are_left_out_and_named(tmp_path):
    path = make(tmp_path / "r.parquet", content=changed_image)
    report = compare_at(path, [60], ["asa"], allow_mixed=True)
    assert "2 images" in report.text
    assert "- 1 image left out" in report.text
    assert "image00001" in report.text
    everywhere = make(tmp_path / "s.parquet", content=lambda label, _: label)
    with pytest.raises(ResultsError, match="no image is left"):
        compare_at(everywhere, [60], ["asa"], allow_mixed=True)


def test_two_mixtures_at_once_are_kept_apart_by_both(tmp_path):
    path = make(
        tmp_path / "r.parquet",
        version=two_versions,
        suite=lambda _, image: "0.1" if image == "image00000" else "0.2",
    )
    frame, notes = separate(load(path))
    assert find_mixtures(frame) == []
    assert {label for label in frame["label"] if label.startswith("SLIC")} == {
        "SLIC (version 1) (suite 0.1)",
        "SLIC (version 1) (suite 0.2)",
        "SLIC (version 2)",
    }
    assert len(notes) == 2


def test_the_figure_says_what_was_kept_apart(tmp_path, monkeypatch):
    titles = []

    def draw(*arguments):
        figure = draw_curves(*arguments)
        titles.append(figure.legends[0].get_title().get_text().replace("\n", " "))
        return figure

    monkeypatch.setattr("reports.figures.curves.draw_curves", draw)
    path = make(tmp_path / "r.parquet", version=two_versions)
    make_figures(path, formats=(), allow_mixed=True)
    assert titles[0].endswith("; separate labels for versions of the method: SLIC")


def test_labels_of_two_suites_are_shown_with_a_note(tmp_path):
    path = make(tmp_path / "r.parquet", suite=lambda label, _: "0.1" if label == "FH" else "0.2")
    notes = []
    make_figures(path, formats=(), on_note=notes.append)
    assert any("several versions of the suite (0.1: FH; 0.2: SLIC)" in note for note in notes)


# --- two files ---------------------------------------------------------------------------------


def test_other_annotations_in_the_second_file_are_no_difference_of_methods(tmp_path):
    a = make(tmp_path / "a.parquet", content=OLD)
    b = make(tmp_path / "b.parquet", content=lambda _, image: changed_image("SLIC", image))
    with pytest.raises(ResultsError, match=r"image 'image00001'.*aaaaaaaaaaaa and bbbbbbbbbbbb"):
        compare_files(a, b, ["asa"])
    report = compare_files(a, b, ["asa"], allow_mixed=True)
    assert report.numbers["mean_images"].tolist() == [2] * 4
    assert "Left out: image 'image00001'" in report.text
    everything = make(tmp_path / "c.parquet", content=NEW)
    with pytest.raises(ResultsError, match="no other image is in both"):
        compare_files(a, everything, ["asa"], allow_mixed=True)


def test_versions_may_differ_between_two_files_and_are_matched_within_them(tmp_path):
    a = make(tmp_path / "a.parquet", version="1")
    b = make(tmp_path / "b.parquet", version=two_versions)
    report = compare_files(a, b, ["asa"], allow_mixed=True)
    assert set(report.numbers["label"]) == {"FH", "SLIC (version 1)", "SLIC (version 2)"}
    assert report.beyond(0) == ""
    assert compare_files(a, make(tmp_path / "c.parquet", version="2"), ["asa"]).beyond(0) == ""


# --- times -------------------------------------------------------------------------------------


def two_machines(label, image):
    return "machine1" if image == "image00000" else "machine2"


def runtime_of(monkeypatch, path, **how):
    drawn, notes = [], []
    monkeypatch.setattr(
        "reports.figures.runtime.draw_runtime",
        lambda times, machine, *_: drawn.append((times, machine)) or draw_runtime(times, machine),
    )
    make_figures(path, formats=(), on_note=notes.append, **how)
    return drawn, notes


def test_times_of_two_machines_never_meet_and_accuracy_is_shown_still(tmp_path, monkeypatch):
    path = make(tmp_path / "r.parquet", machine=two_machines)
    drawn, notes = runtime_of(monkeypatch, path)
    assert drawn == []
    (note,) = notes
    assert "times are of 2 machines (machine1: " in note
    assert "--timing" in note
    table = pd.read_csv(next(tmp_path.glob("*summary.csv")))
    assert table["time_s"].isna().all()
    assert table["asa"].notna().all()


def test_a_label_on_one_machine_and_another_on_another_are_two_machines(tmp_path, monkeypatch):
    path = make(tmp_path / "r.parquet", machine=lambda label, _: label)
    assert runtime_of(monkeypatch, path)[0] == []


def test_a_machine_that_is_not_recorded_is_no_proof_of_one(tmp_path, monkeypatch):
    path = make(tmp_path / "r.parquet", machine=lambda label, _: None if label == "FH" else "m1")
    assert "not recorded: FH" in runtime_of(monkeypatch, path)[1][0]


def test_machines_are_labels_of_their_own_where_that_is_wanted(tmp_path, monkeypatch):
    path = make(tmp_path / "r.parquet", machine=two_machines)
    ((times, machine),), _ = runtime_of(monkeypatch, path, allow_mixed=True)
    assert set(times["label"]) == {
        f"{label} (machine {name})" for label in ("FH", "SLIC") for name in ("machine1", "machine2")
    }
    frame = load(path, ("image", "label", "n", "time_s"))
    first = frame[(frame.label == "FH") & (frame.image == "image00000") & (frame.n == 50)]
    alone = times[(times["label"] == "FH (machine machine1)") & (times["n"] == 50)]
    assert alone["value"].item() == pytest.approx(first.time_s.item())
    assert "machine1; machine machine2" in machine


def test_the_runtime_figure_names_its_machine(tmp_path, monkeypatch):
    path = make(tmp_path / "r.parquet", machine="1a2b3c4d")
    assert runtime_of(monkeypatch, path)[0][0][1].endswith("machine 1a2b3c4d")


def test_one_label_with_two_numbers_of_threads_has_no_time(tmp_path, monkeypatch):
    mixed = make(tmp_path / "r.parquet", threads=lambda _, image: 1 + (image == "image00000"))
    drawn, notes = runtime_of(monkeypatch, mixed)
    assert drawn == []
    assert "2 numbers of threads" in notes[0]
    ((times, _),), _ = runtime_of(monkeypatch, mixed, allow_mixed=True)
    assert "FH (2 threads)" in set(times["label"])
    # A method that has the machine alone uses more threads than others, in any run.
    assert runtime_of(
        monkeypatch,
        make(tmp_path / "s.parquet", threads=lambda label, _: 4 if label == "FH" else 1),
    )[0]


# --- the commands ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plot", "compare", "protocols", "rescore"])
def test_every_command_that_averages_refuses_and_can_be_told_otherwise(tmp_path, command):
    path = make(tmp_path / "r.parquet", version=two_versions, content=OLD)
    done = CliRunner().invoke(app, [command, str(path)])
    assert re.search(r"label 'SLIC' .*2 versions of the method", str(done.exception))
    assert done.exit_code == 1
    helped = CliRunner().invoke(app, [command, "--help"])
    assert "--allow-mixed" in helped.output


def test_every_column_of_origin_is_one_of_the_schema():
    from bench.storage.schema import results_schema

    assert set(ORIGINS) <= set(results_schema().names)
