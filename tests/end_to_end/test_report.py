"""``bench report`` as a user runs it; what its page does in a browser is in tests/browser."""

import json
import re

import pandas as pd
import pyarrow.parquet as pq
import pytest

from reports.data.words import printable
from reports.page.render import read_script, read_style
from tests.fake_results import Fake, write, write_changed

_DATA = re.compile(r'<script type="application/json" id="([\w-]+)">(.*?)</script>', re.S)


def read_data(page):
    """Return what a page holds as JSON, by the id of its element."""
    return {name: json.loads(text) for name, text in _DATA.findall(page.read_text("utf-8"))}


@pytest.fixture
def made(here, tiny, tmp_path):
    finished = here(
        *("run", "--methods", "grid,slic", "--n", "4,9", "--dataset", "folder", "--root", tiny),
        *("--backend", "sequential", "--quiet"),
    )
    assert finished.status == 0, finished.out
    return tmp_path / "results.parquet"


def test_a_page_stands_beside_the_results_with_their_numbers_and_pictures(here, made, results):
    finished = here("report", made)
    assert finished.status == 0, finished.out
    page = made.with_suffix(".html")
    assert finished.out == f"{page}\n"
    data = read_data(page)
    (group,) = data["data"]["groups"]
    assert group["labels"] == ["Grid", "SLIC"]
    rows = results()
    mean = rows[(rows.label == "SLIC") & (rows.n == 9)].asa.mean()
    place = list(zip(group["points"]["label"], group["points"]["n"], strict=True)).index((1, 9))
    assert group["metrics"]["asa"]["value"][place] == pytest.approx(mean, rel=1e-5)
    assert {image["name"] for image in group["gallery"]} == {"im0", "im1", "im2"}
    assert set(data["maps-0-0"]) == {"0", "1", "2", "3", "truth"}


def test_the_same_results_make_the_same_page(here, made):
    here("report", made, "--out", "a.html")
    here("report", made, "--out", "b.html")
    assert (made.parent / "a.html").read_bytes() == (made.parent / "b.html").read_bytes()


def test_script_and_style_are_light():
    assert len(read_script().encode()) + len(read_style().encode()) <= 600_000


def test_nothing_in_a_page_is_fetched(here, made):
    here("report", made)
    text = made.with_suffix(".html").read_text("utf-8")
    fetched = re.findall(r'(?:src|href)="(?!data:|#)([^"]*)"|url\((?!"?data:)([^)]*)\)', text)
    assert not [link for link in fetched if not any("${" in part for part in link)]
    assert "default-src 'none'" in text


def test_labels_and_metrics_are_chosen_and_renamed(here, made):
    finished = here(
        *("report", made, "--only", "slic", "--rename", "SLIC=Ours", "--metrics", "ue_np,asa"),
        *("--gallery", 0, "--title", "Mine & <yours>"),
    )
    assert finished.status == 0, finished.out
    data = read_data(made.with_suffix(".html"))["data"]
    assert data["groups"][0]["labels"] == ["Ours"]
    assert list(data["metrics"]) == ["ue_np", "asa"]
    assert data["groups"][0]["gallery"] == []
    assert "<h1>Mine &amp; &lt;yours&gt;</h1>" in made.with_suffix(".html").read_text("utf-8")


def test_without_label_maps_there_is_no_gallery_and_the_reason(here, made):
    made.with_suffix(".run").rename(made.with_name("elsewhere"))
    finished = here("report", made)
    assert finished.status == 0, finished.out
    assert "none of their label maps is there" in finished.out
    (group,) = read_data(made.with_suffix(".html"))["data"]["groups"]
    assert group["gallery"] == []
    assert "none of their label maps is there" in group["no_gallery"][0]


def test_without_the_images_there_is_no_gallery_and_the_reason(here, made, tiny):
    tiny.rename(tiny.with_name("gone"))
    finished = here("report", made)
    assert finished.status == 0, finished.out
    assert "3 images not shown" in finished.out
    again = here("report", made, "--root", tiny.with_name("gone"))
    assert "not shown" not in again.out


def test_an_image_that_changed_since_is_not_shown_as_if_it_had_been_scored(here, made, tiny):
    (tiny / "images" / "im1.png").write_bytes((tiny / "images" / "im0.png").read_bytes())
    finished = here("report", made)
    assert "1 image not shown (im1), because image or annotations changed" in finished.out
    (group,) = read_data(made.with_suffix(".html"))["data"]["groups"]
    assert {image["name"] for image in group["gallery"]} == {"im0", "im2"}


def test_scores_under_other_protocols_are_shown_once_they_are_there(here, made, tiny):
    here("report", made)
    before = read_data(made.with_suffix(".html"))["data"]
    assert before["groups"][0]["spread"] is None
    assert "bench protocols results.parquet" in before["no_spread"]
    done = here("protocols", made, "--protocol", "default,seal2018", "--quiet", "--workers", 1)
    assert done.status == 0, done.out
    here("report", made)
    spread = read_data(made.with_suffix(".html"))["data"]["groups"][0]["spread"]
    assert sorted(spread["protocols"]) == ["default", "seal2018"]
    assert set(spread["metrics"]) == {"br", "asa", "ue_np"}
    table = here("protocols", made, "--protocol", "default,seal2018", "--format", "csv").out
    numbers = pd.read_csv(pd.io.common.StringIO(table[table.index("dataset") :]))
    row = numbers[(numbers.protocol == "seal2018") & (numbers.metric == "br")].iloc[0]
    its = spread["metrics"]["br"]
    places = zip(its["label"], its["n"], its["protocol"], its["value"], strict=True)
    key = (spread["labels"].index(row.label), row.n, spread["protocols"].index("seal2018"))
    assert {tuple(place): value for *place, value in places}[key] == pytest.approx(row.value, 1e-5)


def test_scores_under_other_protocols_of_labels_that_changed_are_left_out(here, made):
    here("protocols", made, "--protocol", "seal2018", "--quiet", "--workers", 1)
    for file in made.with_suffix(".run").glob("labels/slic/*/*.png"):
        file.write_bytes(next(made.with_suffix(".run").glob("labels/grid/4/im0.png")).read_bytes())
    for file in made.with_suffix(".run").glob("labels/grid/*/*.png"):
        file.unlink()
    here("report", made, "--gallery", 0)
    assert "label maps that changed" in read_data(made.with_suffix(".html"))["data"]["no_spread"]


def test_a_file_of_failures_alone_has_a_page_that_says_why(here, tmp_path):
    results = write_changed(
        tmp_path / "r.parquet",
        lambda frame: frame.assign(
            status=pd.array(["failed"] * len(frame), "string[pyarrow]"),
            error=pd.array(["no <memory> left"] * len(frame), "string[pyarrow]"),
        ),
        failing=1.1,
    )
    finished = here("report", results)
    assert finished.status == 0, finished.out
    text = results.with_suffix(".html").read_text("utf-8")
    assert "No cell ended ok" in text
    assert "no &lt;memory&gt; left" in text
    assert read_data(results.with_suffix(".html"))["data"]["groups"][0]["metrics"] == {}


@pytest.mark.parametrize(
    "fake",
    [
        Fake(labels=("SLIC",)),
        Fake(images=1),
        Fake(ns=(None,)),
        Fake(images=1, labels=("SLIC",), ns=(100,)),
    ],
)
def test_little_is_a_page_too(here, tmp_path, fake):
    finished = here("report", write(tmp_path / "r.parquet", fake))
    assert finished.status == 0, finished.out
    (group,) = read_data(tmp_path / "r.html")["data"]["groups"]
    assert group["labels"] == sorted(fake.labels)


def test_data_sets_stand_side_by_side(here, tmp_path):
    write(tmp_path / "r.parquet", Fake(), Fake(dataset="sample", split="", images=4))
    here("report", tmp_path / "r.parquet")
    data = read_data(tmp_path / "r.html")["data"]
    assert [group["name"] for group in data["groups"]] == ["bsds500/test", "sample"]


def test_rows_of_perturbed_images_are_left_out_and_named(here, tmp_path):
    def perturb(frame):
        ways = pd.array(["flip" if seed else None for seed in frame.seed], "string[pyarrow]")
        return frame.assign(perturbation=ways)

    results = write_changed(tmp_path / "r.parquet", perturb, labels=("SLIC",), seeds=2)
    finished = here("report", results)
    assert "80 rows of perturbed images (flip) are left out here" in finished.out
    rows = pd.read_parquet(results)
    clean = rows[rows.perturbation.isna() & (rows.n == 50)].asa.mean()
    (group,) = read_data(tmp_path / "r.html")["data"]["groups"]
    assert group["metrics"]["asa"]["value"][0] == pytest.approx(clean, rel=1e-5)
    assert "bench compare --perturbed" in (tmp_path / "r.html").read_text("utf-8")


def test_rows_of_two_versions_are_refused_or_shown_apart(here, tmp_path):
    def change(frame):
        versions = ["1" if n < 200 else "2" for n in frame.n]
        return frame.assign(version=pd.array(versions, "string[pyarrow]"))

    results = write_changed(tmp_path / "r.parquet", change, labels=("SLIC", "FH"))
    refused = here("report", results)
    assert refused.status == 1
    assert "versions of the method" in refused.out
    assert "--allow-mixed" in refused.out
    shown = here("report", results, "--allow-mixed")
    assert shown.status == 0, shown.out
    (group,) = read_data(tmp_path / "r.html")["data"]["groups"]
    assert "SLIC (version 1)" in group["labels"]


HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "\u202eeman\u202c",
    "L" * 300,
    "{{ 7 * 7 }}",
)


def test_hostile_names_are_text_and_nothing_else(here, tmp_path):
    write(tmp_path / "r.parquet", Fake(labels=HOSTILE, failing=0.2))
    finished = here("report", tmp_path / "r.parquet")
    assert finished.status == 0, finished.out
    text = (tmp_path / "r.html").read_text("utf-8")
    assert (
        sorted(map(printable, HOSTILE))
        == read_data(tmp_path / "r.html")["data"]["groups"][0]["labels"]
    )
    without_data = _DATA.sub("", text)
    assert "<script>alert" not in without_data
    assert "<img src=x" not in without_data
    assert "\u202e" not in without_data
    assert "{{ 7 * 7 }}" in without_data


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.parquet"], "no such file"),
        (["r.parquet", "--out", "page.txt"], "end it in .html"),
        (["r.parquet", "--metrics", "asaa"], "unknown metric"),
        (["r.parquet", "--metrics", "gr"], "no column 'gr'"),
        (["r.parquet", "--only", "nobody"], "no label is left"),
        (["r.parquet", "--out", "r.parquet/page.html"], "cannot write"),
    ],
)
def test_what_cannot_be_done_is_told(here, tmp_path, arguments, message):
    table = pq.read_table(write(tmp_path / "r.parquet", Fake()))
    pq.write_table(table.drop_columns(["gr"]), tmp_path / "r.parquet")
    finished = here("report", *arguments)
    assert finished.status == 1
    assert message in finished.out
    assert "Traceback" not in finished.out
