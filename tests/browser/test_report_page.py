"""The page of ``bench report`` in a browser: what it shows, every control, and for whom."""

import csv
import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from metrics import PROTOCOLS
from reports.data.words import printable
from reports.page.gallery import NoPictureError, Pictures
from reports.page.report import Page, Spread, make_report
from tests.fake_results import Fake, write, write_changed

LABELS = ("SLIC", "FH", "LSC", "ETPS", "SEEDS")
HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</script><b>",
    "שלום \u202eeman",
    "L" * 300,
    "=1+1,\n2",
    "{{ 7 * 7 }} `code`",
)


def _image(_, __, name):
    if name == "image00009":
        raise NoPictureError("it is gone")
    rng = np.random.default_rng(int(name[-1]))
    truth = np.repeat(np.arange(4, dtype=np.int32), 20)[:, None] + np.zeros(120, np.int32)
    return rng.integers(0, 255, (80, 120, 3), dtype=np.uint8), [truth]


def _labels(file):
    n = int(file.split("/")[-2])
    side = max(4, int((80 * 120 / n) ** 0.5))
    rows, columns = np.mgrid[:80, :120]
    return rows // side * 1000 + (columns + len(file)) // side


def _with_files(frame):
    files = [f"{row.label}/{row.n}/{row.image}" for row in frame.itertuples()]
    return frame.assign(labels_file=pd.array(files, "string[pyarrow]"))


def _write_page(folder, labels=LABELS, **fake):
    how = {"labels": labels, "images": 12, "contended": False, "failing": 0.01, "lists": True}
    how["facts"] = {
        "annotators": {"bsds500/test": {"images": 12, "metrics": {"asa": [0.8, 0.9, 0.95]}}},
        "metrics": ["asa", "br"],
        "runs": [{"id": "r", "arguments": ["run", "--methods", "slic"], "dataset": "bsds500/test"}],
    }
    results = write_changed(folder / "results.parquet", _with_files, **(how | fake))
    files = {}
    for name in ("default", "seal2018"):
        other = Fake(labels=labels, images=12, protocol=PROTOCOLS[name], facts=how["facts"])
        files[name] = write(folder / f"{name}.parquet", other)
    spread = Spread(files, None, "")
    page = Page(pictures=Pictures(_image, _labels, 6), spread=spread)
    return make_report(results, folder / "results.html", page)


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    return _write_page(tmp_path_factory.mktemp("page"))


@pytest.fixture
def page(opened, page_file):
    return opened(page_file)


def _leaders(page):
    return page.locator("#leaderboard tbody th bdi").all_inner_texts()


def _address(page):
    return page.evaluate("location.hash")


def _saved(page, selector):
    with page.expect_download() as started:
        page.click(selector)
    return started.value.suggested_filename, started.value.path().read_text("utf-8")


def _until(page, expression):
    """Wait until something is true; the page lets no script be made from text, as waiting would."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


def _choose(page, control, value):
    page.select_option(f"#{control}", value)


def test_everything_is_there(page):
    for section in ("curves", "leaderboard", "pareto", "runtime", "spread", "gallery"):
        assert page.locator(f"#{section} svg, #{section} img").count() > 0, section
    assert page.locator("#curves-chart g.series").count() == len(LABELS)
    assert sorted(_leaders(page)) == sorted(LABELS)
    assert "5 methods" in page.inner_text("#run")
    assert "bench run --methods slic" in page.inner_text("#provenance")
    assert page.locator("#failures tbody tr").count() > 0
    assert "1 image not shown (image00009), because it is gone" in page.inner_text("#gallery")


def test_a_metric_is_chosen_for_the_whole_page(page):
    before = _leaders(page)
    _choose(page, "metric", "ue_np")
    assert "Undersegmentation" in page.text_content("#curves-chart svg")
    assert "ue_np" in page.inner_text("#leaderboard thead")
    assert "Undersegmentation" in page.text_content("#pareto-chart svg")
    assert sorted(_leaders(page)) == sorted(before)
    assert "metric=ue_np" in _address(page)


def test_counts_are_as_returned_or_as_asked_and_the_slider_moves_along_them(page):
    assert "at 100 returned" in page.inner_text("#leaderboard-about")
    page.focus("#at")
    page.keyboard.press("ArrowRight")
    assert "at 200 returned" in page.inner_text("#leaderboard-about")
    assert page.inner_text("#at-value") == "200"
    assert "at 200 returned" in page.inner_text("#pareto-chart .caption")
    _choose(page, "counts", "asked")
    assert "200 superpixels were asked" in page.inner_text("#leaderboard-about")
    assert "Superpixels asked for" in page.text_content("#curves-chart svg")
    assert "returned" in page.inner_text("#leaderboard tbody")
    assert "counts=asked" in _address(page)


def test_bands_and_annotators_are_switched_off_and_on(page):
    bands = page.locator("#curves-chart path[opacity='0.1']")
    band = page.locator("#curves-chart svg rect[opacity='0.07']")
    assert bands.count() > 0
    assert band.count() == 1
    page.uncheck("#band")
    assert bands.count() == 0
    page.uncheck("#annotators")
    assert band.count() == 0
    page.check("#band")
    assert bands.count() > 0
    _choose(page, "metric", "ue_np")
    assert page.locator("#annotators").is_hidden()


def test_methods_are_found_hidden_and_shown(page):
    page.click("#methods summary")
    page.fill("#methods-find", "sli")
    assert page.locator("#methods-list li").count() == 1
    page.locator("#methods-list input").uncheck()
    assert "SLIC" not in _leaders(page)
    assert page.locator("#curves-chart g.series").count() == len(LABELS) - 1
    assert page.inner_text("#methods-count") == "Methods: 4 of 5"
    page.click("#methods-none")
    assert _leaders(page) == []
    assert "No method that is shown" in page.inner_text("#curves-chart")
    page.click("#methods-best")
    best = _leaders(page)
    assert best
    assert page.locator("#leaderboard tbody tr").count() == len(best)
    assert all(page.locator("#leaderboard tbody tr td:nth-child(4) b").all_inner_texts())
    page.click("#methods-all")
    assert len(_leaders(page)) == len(LABELS)
    page.focus("#methods-find")
    page.keyboard.press("Escape")
    assert page.evaluate("document.getElementById('methods').open") is False


def test_the_leaderboard_is_sorted_by_any_column_and_filtered(page):
    page.click("[data-sort=label]")
    assert _leaders(page) == sorted(LABELS)
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("method")
    assert page.evaluate("document.activeElement.dataset.sort") == "label"
    page.keyboard.press("Enter")
    assert _leaders(page) == sorted(LABELS, reverse=True)
    page.click("[data-sort=br_r2]")
    values = page.locator("#leaderboard tbody td:nth-child(8)").all_inner_texts()
    numbers = [float(value.split()[0]) for value in values if value[0].isdigit()]
    assert numbers == sorted(numbers, reverse=True)
    page.fill("#filter", "s")
    assert set(_leaders(page)) == {"SLIC", "SEEDS", "LSC", "ETPS"}
    page.click("#unsort")
    assert "sort=" not in _address(page)
    assert "filter=s" in _address(page)


def test_the_address_restores_the_view(opened, page_file, page):
    _choose(page, "metric", "br_r2")
    _choose(page, "counts", "asked")
    page.focus("#at")
    page.keyboard.press("End")
    page.uncheck("#band")
    page.click("#methods summary")
    page.locator("#methods-list input").first.uncheck()
    page.click("[data-sort=label]")
    page.fill("#filter", "S")
    page.locator("[data-image]").nth(1).click()
    page.select_option("#left", label="FH")
    page.select_option("#right", label="annotator")
    _choose(page, "colour", "cyan")
    page.focus("#wipe")
    page.keyboard.press("Home")
    again = opened(page_file, _address(page))
    assert _address(again) == _address(page)
    for selector in ("#leaderboard-table", "#gallery-view .sides", "#curves-chart .caption"):
        assert again.inner_text(selector) == page.inner_text(selector)
    assert again.locator("#curves-chart svg").inner_html().count("<path") == page.locator(
        "#curves-chart svg"
    ).inner_html().count("<path")
    for control in ("metric", "counts", "at", "filter", "wipe", "colour", "left", "right"):
        assert again.input_value(f"#{control}") == page.input_value(f"#{control}"), control
    assert again.is_checked("#band") is False


def test_a_changed_address_changes_the_view_of_an_open_page(page):
    page.evaluate("location.hash = 'metric=ue_np&hide=SLIC'")
    _until(page, "document.getElementById('metric').value === 'ue_np'")
    assert "SLIC" not in _leaders(page)


@pytest.mark.parametrize(
    "view", ["#metric=nothing&at=x&wipe=1e9&group=77&hide=nobody&sort=%00&n=-1", "#%E0%A4%A", "#="]
)
def test_a_broken_address_is_the_usual_view(opened, page_file, view):
    page = opened(page_file, view)
    assert page.input_value("#metric") == "asa"
    assert len(_leaders(page)) == len(LABELS)


def test_links_go_to_sections_and_keep_the_view(opened, page_file, page):
    _choose(page, "metric", "ue_np")
    page.click("nav a[href='#gallery']")
    assert page.evaluate("document.activeElement.id") == "gallery-title"
    assert "metric=ue_np" in _address(page)
    again = opened(page_file, _address(page))
    assert again.evaluate("document.activeElement.id") == "gallery-title"


def test_a_point_that_is_pointed_at_tells_its_numbers(page):
    mark = page.locator(
        "#curves-chart g.series[data-place='4'] circle, #curves-chart g.series path"
    )
    box = page.locator("#curves-chart g.series").last.locator(":scope > :last-child").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = page.locator("#curves-chart .tip")
    assert tip.is_visible()
    assert re.search(r"asa 0\.\d+ ± 0\.\d+", tip.inner_text())
    assert page.locator("#curves-chart g.lit").count() == 1
    assert mark.count() > 0
    page.mouse.move(2, 2)
    assert tip.is_hidden()


def test_a_chart_is_read_by_keyboard(page):
    page.locator("#curves-chart [role=application]").focus()
    page.keyboard.press("ArrowRight")
    first = page.inner_text("#status")
    page.keyboard.press("ArrowRight")
    second = page.inner_text("#status")
    assert first.split(",")[0] == second.split(",")[0]
    assert first != second
    page.keyboard.press("ArrowDown")
    third = page.inner_text("#status")
    if third == second:  # it was the lowest one
        page.keyboard.press("ArrowUp")
        third = page.inner_text("#status")
    assert third.split(",")[0] != second.split(",")[0]
    page.keyboard.press("Escape")
    assert page.locator("#curves-chart .tip").is_hidden()


def test_two_methods_are_wiped_over_an_image(page):
    page.select_option("#left", label="SLIC")
    page.select_option("#right", label="FH")
    masks = page.locator(".stage .lines")
    images = [masks.nth(i).evaluate("node => node.style.maskImage") for i in range(2)]
    assert images[0] != images[1]
    assert all(image.startswith('url("data:image/png') for image in images)
    stage = page.locator(".stage")
    stage.evaluate("node => node.scrollIntoView({block: 'center', behavior: 'instant'})")
    box = stage.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    page.mouse.up()
    assert page.input_value("#wipe") == "25"
    assert masks.nth(0).evaluate("node => node.style.clipPath") == "inset(0px 75% 0px 0px)"
    page.focus("#wipe")
    page.keyboard.press("ArrowRight")
    assert "wipe=26" in _address(page)
    before = page.inner_text(".sides")
    page.select_option("#n", "400")
    assert page.inner_text(".sides") != before
    _choose(page, "colour", "red")
    assert masks.nth(0).evaluate("node => getComputedStyle(node).backgroundColor") == (
        "rgb(255, 45, 45)"
    )


def test_lines_cover_the_boundaries_that_are_drawn(page, tmp_path):
    """What is seen on the picture is where labels change, not only an element with a mask."""
    _choose(page, "colour", "red")
    page.select_option("#left", label="SLIC")
    page.select_option("#n", "50")
    page.focus("#wipe")
    page.keyboard.press("End")
    seen = tmp_path / "stage.png"
    page.locator(".stage").screenshot(path=seen)
    picture = Image.open(seen).convert("RGB").resize((120, 80), Image.Resampling.BOX)
    red = np.array(picture).astype(int) @ np.array([2, -1, -1])
    labels = _labels("SLIC/50/" + page.locator("[data-image]").first.locator("bdi").inner_text())
    lines = np.zeros(labels.shape, bool)
    lines[:, :-1] |= np.diff(labels, axis=1) != 0
    lines[:-1] |= np.diff(labels, axis=0) != 0
    assert np.median(red[lines]) > np.quantile(red[~lines], 0.95)


def test_numbers_are_saved_as_they_are_shown(page):
    name, text = _saved(page, "#leaderboard [data-save=csv]")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert name == "results-leaderboard-asa-100.csv"
    assert [row["label"] for row in rows] == _leaders(page)
    shown = page.locator("#leaderboard tbody tr td:nth-child(4)").all_inner_texts()
    for row, cell in zip(rows, shown, strict=True):
        assert float(row["asa"]) == pytest.approx(float(cell.split()[0]), abs=1e-3)
    _, curves = _saved(page, "#curves [data-save=csv]")
    assert len(list(csv.DictReader(io.StringIO(curves)))) == len(LABELS) * 4


@pytest.mark.parametrize("section", ["curves", "pareto", "runtime", "spread"])
def test_figures_are_saved_as_svg_that_stands_alone(page, section):
    from xml.etree import ElementTree

    name, text = _saved(page, f"#{section} [data-save=svg]")
    tree = ElementTree.fromstring(text)
    assert name.endswith(".svg")
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    assert "SLIC" in "".join(tree.itertext())
    assert not re.search(r"\b(?:href|style|class)=\"(?!series)", text)


@pytest.mark.parametrize("section", ["curves", "pareto", "runtime", "spread", "gallery"])
def test_every_figure_has_its_numbers_as_a_table(page, section):
    page.click(f"#{section} .tools summary")
    page.locator(f"#{section} .tools tbody").wait_for()
    assert page.locator(f"#{section} .tools tbody tr").count() >= len(LABELS) - 1


@pytest.fixture(scope="module")
def hostile_file(tmp_path_factory):
    return _write_page(tmp_path_factory.mktemp("hostile"), labels=HOSTILE, failing=0.05)


@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_names_do_no_harm(opened, hostile_file, width):
    page = opened(hostile_file, width=width)
    assert page.locator("#curves-chart g.series").count() == len(HOSTILE)
    assert page.locator("img[src=x], section b bdi script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#methods summary")
    page.locator("#methods-list input").first.uncheck()
    again = opened(hostile_file, _address(page), width=width)
    assert _leaders(again) == _leaders(page)
    assert len(_leaders(again)) == len(HOSTILE) - 1
    text = page.inner_text("body")
    assert "\u202e" not in text
    assert "{{ 7 * 7 }}" in text
    _, saved = _saved(page, "#curves [data-save=csv]")
    labels = {row["label"] for row in csv.DictReader(io.StringIO(saved))}
    assert labels <= set(map(printable, HOSTILE))


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_window(opened, page_file, width):
    page = opened(page_file, width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_figures_follow_the_width(page):
    wide = page.locator("#curves-chart svg").get_attribute("viewBox")
    page.set_viewport_size({"width": 500, "height": 900})
    _until(
        page, f"document.querySelector('#curves-chart svg').getAttribute('viewBox') !== '{wide}'"
    )


def test_night_has_its_own_colours_and_print_has_those_of_paper(opened, page_file):
    page = opened(page_file, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    ink = "document.querySelector('#curves-chart svg text').getAttribute('fill')"
    assert page.evaluate(ground) == "rgb(21, 24, 28)"
    assert page.evaluate(ink) == "#a9aeb5"
    page.emulate_media(media="print")
    _until(page, f"{ink} === '#55595f'")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    assert page.locator("nav").is_hidden()
    page.emulate_media(media="screen")
    _until(page, f"{ink} === '#a9aeb5'")


def test_it_prints(page):
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(opened, page_file, axe, width, scheme):
    page = opened(page_file, width=width, color_scheme=scheme)
    page.click("#methods summary")
    for section in ("curves", "spread"):
        page.click(f"#{section} .tools summary")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    faults = {
        fault["id"]: [node["html"][:200] for node in fault["nodes"][:3]]
        for fault in found["violations"]
        if fault["impact"] in ("serious", "critical")
    }
    assert faults == {}


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        ({"labels": ("SLIC",)}, "1 method"),
        ({"images": 1}, "One image says nothing"),
        ({"ns": (None,)}, "no particular number"),
        ({"failing": 1.1}, "No cell ended ok"),
        ({"contended": True}, "No runtime: every time was taken while other cells"),
    ],
)
def test_little_to_show_is_told(opened, tmp_path, fake, words):
    results = write(tmp_path / "r.parquet", Fake(**({"contended": False} | fake)))
    page = opened(make_report(results, tmp_path / "r.html", Page()))
    assert words in page.inner_text("body")
    assert "No gallery: no pictures were asked for" in page.inner_text("#gallery")


def test_data_sets_are_looked_at_one_by_one(opened, tmp_path):
    results = write(tmp_path / "r.parquet", Fake(), Fake(dataset="sample", split="", images=4))
    page = opened(make_report(results, tmp_path / "r.html", Page()))
    assert "bsds500/test" in page.inner_text("#run")
    page.select_option("#group", label="sample")
    assert "bsds500/test" not in page.inner_text("#run")
    assert "4 images" in page.inner_text("#curves-chart .caption")
    assert "group=1" in _address(page)


def test_of_many_methods_the_best_are_in_colour_and_few_that_are_left_all_are(opened, tmp_path):
    labels = tuple(f"M{i:02d}" for i in range(20))
    results = write(tmp_path / "r.parquet", Fake(labels=labels))
    page = opened(make_report(results, tmp_path / "r.html", Page(highlight=("M19",))))
    grey = page.locator("#curves-chart g.series > :last-child[fill='#a9aaa6']")
    assert grey.count() == 20 - 6
    swatches = page.locator("#leaderboard tbody th .swatch path:first-child[stroke='#a9aaa6']")
    assert swatches.count() == 20 - 6
    view = "#" + "&".join(f"show={label}" for label in labels[:5])
    few = opened(tmp_path / "r.html", view)
    assert few.locator("#curves-chart g.series > :last-child[fill='#a9aaa6']").count() == 0


def test_without_script_the_words_remain(browser, page_file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert "need JavaScript" in page.inner_text("body")
    assert "5 methods" in page.inner_text("#run")
    assert page.locator("#failures tbody tr").count() > 0
    context.close()
