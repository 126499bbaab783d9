"""bench run --perturb: perturbed images beside the images, and never in one mean with them."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.cli.options import ReportFormat
from bench.storage.schema import VERSION_KEY
from methods.labelfiles import read_label_map
from tests.conftest import PLUGIN

HOW = "noise:0.1,flip,rotate:90"


@pytest.fixture
def run(here, tiny):
    def with_arguments(*arguments, out="results.parquet"):
        data = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
        cells = ("--methods", "stripes,slic", "--n", "4,9", "--backend", "sequential")
        finished = here("run", *cells, *data, *arguments, "--out", out)
        assert finished.status == 0, finished.out
        return finished.out

    return with_arguments


def scores(frame):
    names = ["image", "label", "n"]
    return frame.set_index(names)[["asa", "br", "n_labels"]].sort_index()


def test_every_image_is_run_as_it_is_and_in_each_way(run, results, tmp_path):
    run(out="clean.parquet")
    run("--perturb", HOW)
    frame = results()
    assert len(frame) == 3 * 2 * 2 * 4
    assert frame["perturbation"].fillna("").value_counts().to_dict() == dict.fromkeys(
        ["", "noise:0.1", "flip", "rotate:90"], 12
    )
    assert frame["key"].is_unique
    assert frame["labels_file"].is_unique
    clean = frame[frame["perturbation"].isna()]
    pd.testing.assert_frame_equal(scores(clean), scores(results("clean.parquet")))
    assert clean["stability"].isna().all()
    assert frame["stability"].notna().sum() == 36
    turned = frame[frame["perturbation"] == "rotate:90"].iloc[0]
    assert (turned["height"], turned["width"]) == (40, 30)
    assert read_label_map(tmp_path / turned["labels_file"], (40, 30)).shape == (40, 30)


def test_a_method_that_sees_no_pixels_is_stable_and_scores_the_same_on_a_mirrored_image(
    here, tiny, results
):
    how = ("--dataset", "folder", "--root", tiny, "--perturb", "noise:0.1,flip")
    finished = here("run", "--methods", "grid", "--n", "4,9", *how, "--backend", "sequential")
    assert finished.status == 0, finished.out
    frame = results()
    clean = scores(frame[frame["perturbation"].isna()])
    noisy, flipped = (frame[frame["perturbation"] == way] for way in ("noise:0.1", "flip"))
    pd.testing.assert_frame_equal(scores(noisy), clean)
    assert (noisy["stability"] == 1).all()
    # Widths that n does not divide are rounded to one side, so that borders lie a pixel beside.
    mirrored = scores(flipped)[["asa", "n_labels"]]
    pd.testing.assert_frame_equal(mirrored, clean[["asa", "n_labels"]], atol=0.05, rtol=0)
    assert (flipped["stability"] > 0.8).all()


def test_timed_cells_have_their_stability_whatever_the_order_of_a_round(run, results):
    run("--perturb", HOW, "--timing")
    frame = results()
    perturbed = frame[frame["perturbation"].notna()]
    assert len(perturbed) == 36
    assert perturbed["stability"].notna().all()
    assert (perturbed["time_repeats"] == 3).all()


CHANGES = """
import numpy as np
from methods import Method, register

@register
class Changes(Method):
    name = "changes"

    def segment(self, image, n):
        if {fails} and image.shape[0] < image.shape[1]:
            raise ValueError("too wide")
        return np.arange(image[..., 0].size).reshape(image.shape[:2]) * n // image[..., 0].size
"""


def test_stability_is_not_against_the_map_of_another_version(bench, tiny, results, tmp_path):
    plugin = tmp_path / "changes.py"
    for fails, status in ((False, 0), (True, 2)):
        plugin.write_text(CHANGES.format(fails=fails))
        with_it = ("--plugin", plugin, "--dataset", "folder", "--root", tiny)
        cells = ("--methods", "changes", "--n", "4", "--perturb", "rotate:90")
        finished = bench("run", *cells, *with_it, "--backend", "sequential")
        assert finished.status == status, finished.out
        frame = results()
        assert frame["stability"].notna().sum() == (0 if fails else 3)
        for name in frame["labels_file"].dropna():
            assert (tmp_path / name).is_file()


def test_a_perturbation_that_is_not_known_any_more_is_told_with_its_file(here, run, tmp_path):
    run("--perturb", "flip")
    path = tmp_path / "results.parquet"
    rows = pq.read_table(path)
    place = rows.column_names.index("perturbation")
    ways = [way and "warp:3" for way in rows["perturbation"].to_pylist()]
    field = rows.schema.field("perturbation")
    pq.write_table(rows.set_column(place, field, pa.array(ways, field.type)), path)
    refused = here("rescore", path, "--protocol", "default", "--out", "b.parquet")
    assert refused.status == 1
    assert "results.parquet has rows of images perturbed by 'warp:3'" in " ".join(
        refused.out.split()
    )


def test_the_same_command_again_does_nothing_and_a_further_way_adds_its_own(run, results):
    run("--perturb", "flip")
    assert "Nothing to do" in run("--perturb", "flip")
    assert "Nothing to do" in run()
    run("--perturb", "flip,blur:1")
    assert len(results()) == 36
    assert results()["key"].is_unique


def test_tables_and_curves_are_of_the_images_as_they_are(here, run, tmp_path):
    run(out="clean.parquet")
    run("--perturb", HOW)
    assert "perturbed" not in here("plot", "clean.parquet", "--formats", "svg").out
    said = here("plot", "results.parquet", "--formats", "svg", "--data").out
    assert "rows of perturbed images (flip, noise:0.1, rotate:90) are in the robustness" in said
    clean, all_rows = (
        pd.read_csv(tmp_path / f"{name}-summary.csv")[["label", "n", "images", "asked", "asa"]]
        for name in ("clean", "results")
    )
    pd.testing.assert_frame_equal(clean, all_rows)
    table = pd.read_csv(tmp_path / "results-robustness.csv")
    assert set(table["perturbation"]) == {"noise:0.1", "flip", "rotate:90"}
    assert (tmp_path / "results-robustness.svg").exists()
    assert not (tmp_path / "clean-robustness.svg").exists()


def test_compare_leaves_perturbed_rows_out_and_shows_what_they_cost_if_asked(here, run):
    run("--perturb", "flip")
    assert (
        "12 rows of perturbed images (flip) are left out" in here("compare", "results.parquet").out
    )
    shown = here("compare", "results.parquet", "--perturbed", "--metrics", "asa")
    assert shown.status == 0
    assert "loss in asa" in shown.out
    assert "stability" in shown.out
    refused = here("compare", "results.parquet", "--perturbed", "--at", "9")
    assert refused.status == 1


TABLES = {
    "at": ("compare", "results.parquet", "--at", "6"),
    "over": ("compare", "results.parquet", "--over", "4,9"),
    "perturbed": ("compare", "results.parquet", "--perturbed"),
    "two files": ("compare", "results.parquet", "results.parquet"),
    "protocols": ("protocols", "results.parquet", "--protocol", "default,seal2018"),
}


@pytest.mark.parametrize("what", TABLES)
def test_every_table_has_every_format(here, run, what):
    run("--perturb", "flip")
    asked = (*TABLES[what], "--metrics", "asa", "--plugin", PLUGIN)
    for how in ReportFormat:
        shown = here(*asked, "--format", how.value)
        assert shown.status == 0, shown.out
        assert "SLIC" in shown.out
        if what == "perturbed" and how is ReportFormat.LATEX:
            assert r"$\rightarrow$" in shown.out
        if what == "perturbed" and how is ReportFormat.MACROS:
            assert r"\benchdefine{SLIC}{asa}{4/flip}{loss}" in shown.out
            assert r"\benchdefine{SLIC}{stability}{9/flip}{perturbed}" in shown.out


def test_the_table_names_images_and_protocol_and_has_a_dash_where_nothing_is(here, tiny):
    with_it = ("--plugin", PLUGIN, "--dataset", "folder", "--root", tiny, "--protocol", "seal2018")
    cells = ("--methods", "stripes,raises", "--n", "4", "--perturb", "flip")
    assert here("run", *cells, *with_it, "--backend", "sequential").status == 2
    shown = here("compare", "results.parquet", "--perturbed", "--metrics", "asa").out
    assert "flip, 3 images, protocol seal2018" in shown
    assert "nan" not in shown
    assert "pairs of image and annotator" in " ".join(shown.split())


def test_options_that_do_not_go_with_perturbed_are_told_by_what_was_given(here, run):
    run("--perturb", "flip")
    refused = here("compare", "results.parquet", "--perturbed", "--within", "0.1")
    assert refused.status == 1
    assert "leave out --perturbed" in " ".join(refused.out.split())


def test_perturbed_rows_of_two_versions_are_in_no_mean(here, run, tmp_path):
    run("--perturb", "flip")
    path = tmp_path / "results.parquet"
    rows = pq.read_table(path)
    versions = [
        f"{version} of another day" if way and image == "im0" else version
        for version, way, image in zip(
            *(rows[name].to_pylist() for name in ("version", "perturbation", "image")), strict=True
        )
    ]
    place, field = rows.column_names.index("version"), rows.schema.field("version")
    pq.write_table(rows.set_column(place, field, pa.array(versions, field.type)), path)
    for command in (("plot", "--figures", "robustness"), ("compare", "--perturbed")):
        refused = here(command[0], path, *command[1:])
        assert refused.status == 1
        assert "2 versions" in " ".join(refused.out.split())


def test_compare_of_a_file_without_perturbed_images_says_how_to_get_them(here, run):
    run()
    told = here("compare", "results.parquet", "--perturbed")
    assert told.status == 1
    assert "--perturb noise:0.05" in told.out


def test_two_files_are_compared_perturbation_by_perturbation(here, run):
    run("--perturb", "flip")
    run("--perturb", "flip", out="b.parquet")
    shown = here("compare", "results.parquet", "b.parquet", "--metrics", "asa", "--tolerance", "0")
    assert shown.status == 0, shown.out
    assert "SLIC (flip)" in shown.out


def test_label_maps_of_perturbed_images_are_scored_again_as_such(here, run, results):
    run("--perturb", HOW)
    finished = here("rescore", "results.parquet", "--protocol", "default", "--out", "b.parquet")
    assert finished.status == 0, finished.out
    names = ["image", "label", "n", "perturbation"]
    before, after = (
        frame.fillna({"perturbation": ""}).set_index(names)[["asa", "br", "stability"]].sort_index()
        for frame in (results(), results("b.parquet"))
    )
    pd.testing.assert_frame_equal(before, after)


def test_protocols_leave_perturbed_maps_out_and_say_so(here, run):
    run("--perturb", "flip")
    asked = ("--protocol", "default,seal2018", "--metrics", "asa", "--plugin", PLUGIN)
    shown = here("protocols", "results.parquet", *asked)
    assert shown.status == 0, shown.out
    assert shown.out.count("12 cells to run") == 2
    said = " ".join(shown.out.split())
    assert "12 rows of perturbed images (flip) are left out here" in said


def test_the_runs_of_a_file_are_listed_with_their_perturbations(here, run):
    run("--perturb", "flip,blur:1")
    listed = " ".join(here("list", "runs").out.split())
    assert "n = 4, 9, also blur:1, flip; 18 rows" in listed


def test_two_workers_make_the_rows_of_one_and_a_resumed_run_has_its_stability(
    here, run, results, tiny
):
    run("--perturb", "flip")
    cells = ("--methods", "stripes,slic", "--n", "4,9", "--perturb", "flip", "--workers", "2")
    where = ("--dataset", "folder", "--root", tiny, "--plugin", PLUGIN)
    for out, more in (("a.parquet", ()), ("b.parquet", ("--limit", "1")), ("b.parquet", ())):
        finished = here("run", *cells, *where, *more, "--out", out)
        assert finished.status == 0, finished.out
    names = ["image", "label", "n", "perturbation"]
    first, *others = (
        results(out).fillna({"perturbation": ""}).set_index(names).sort_index()
        for out in ("results.parquet", "a.parquet", "b.parquet")
    )
    for other in others:
        columns = ["asa", "br", "n_labels", "stability"]
        pd.testing.assert_frame_equal(other[columns], first[columns])


def test_files_are_merged_with_their_perturbed_rows(here, run, results):
    run("--perturb", "flip", out="a.parquet")
    run("--perturb", "blur:1", out="b.parquet")
    finished = here("merge", "a.parquet", "b.parquet", "--out", "c.parquet")
    assert finished.status == 0, finished.out
    counts = results("c.parquet")["perturbation"].fillna("").value_counts().to_dict()
    assert counts == {"": 12, "flip": 12, "blur:1": 12}


def test_a_file_of_before_is_of_images_as_they_are_and_is_continued(here, run, results, tmp_path):
    run()
    path = tmp_path / "results.parquet"
    for file in (path, *(tmp_path / "results.run").rglob("*.parquet")):
        rows = pq.read_table(file)
        before = rows.drop_columns(["perturbation", "stability"])
        metadata = {**rows.schema.metadata, VERSION_KEY: b"3"}
        pq.write_table(before.replace_schema_metadata(metadata), file)
    (tmp_path / "results.run" / "written.json").unlink()
    assert here("plot", path, "--formats", "svg").status == 0
    run("--perturb", "flip")
    assert results()["perturbation"].fillna("").value_counts().to_dict() == {"": 12, "flip": 12}


@pytest.mark.parametrize(
    ("text", "message"), [("noise:-1", "above 0"), ("flipp", "did you mean 'flip'")]
)
def test_bad_perturbations_are_refused_before_anything_runs(here, tiny, tmp_path, text, message):
    finished = here("run", "--perturb", text, "--dataset", "folder", "--root", tiny)
    assert finished.status == 1
    assert message in finished.out
    assert not (tmp_path / "results.parquet").exists()
