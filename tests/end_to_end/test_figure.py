"""bench figure: what a user gets for an image, and is told where something is wrong."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import reports.figures.image
from bench.cli import _status
from bench.planning.selection import choose, parse_terms
from bench.planning.variants import make_variants
from methods import list_methods
from reports.figures.image import edge, laplacian, soft
from tests.conftest import write_png

PRETEND = Path(__file__).with_name("pretend.py")
FIGURES = Path(reports.figures.image.__path__[0])


@pytest.fixture
def photo(tmp_path):
    """An image of 24 x 36 pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 36, 3)).astype(np.uint8)
    write_png(tmp_path / "photo.png", pixels)
    return tmp_path / "photo.png"


@pytest.fixture
def figure(tmp_path, monkeypatch, capfd, photo):
    """Run ``bench figure ...`` in an empty folder; return its status and what it says."""
    monkeypatch.chdir(tmp_path)
    # The networks' names stand for methods that return at once.
    monkeypatch.setattr(soft, "METHODS", ("pretend[soft_image=false]", "pretend"))
    monkeypatch.setattr(laplacian, "METHODS", ("pretend",))
    ways = ("pretend[edge=none,laplacian=false]", "pretend")
    monkeypatch.setattr(edge, "METHODS", ways)

    def run(kind, *arguments, image=photo):
        given = ["figure", kind, "--image", image, "--plugin", PRETEND, *arguments]
        status = _status([str(part) for part in given])
        said = capfd.readouterr()
        return status, said.out + said.err

    return run


@pytest.fixture
def captions(monkeypatch):
    """Collect the captions of the figures that are drawn."""
    seen = []
    for module in (soft, laplacian, edge):
        draw = module.draw

        def spy(image, divisions, caption, draw=draw):
            seen.append(caption)
            return draw(image, divisions, caption)

        monkeypatch.setattr(module, "draw", spy)
    return seen


@pytest.mark.parametrize("kind", ["soft", "laplacian", "edge", "examples"])
def test_every_kind_is_a_png_and_a_pdf_named_after_the_image(figure, tmp_path, kind):
    own = ["--methods", "pretend,grid"] if kind == "examples" else []
    status, said = figure(kind, "--n", 6, *own)
    assert status == 0, said
    for suffix, start in ((".png", b"\x89PNG"), (".pdf", b"%PDF")):
        file = tmp_path / f"{kind}-photo{suffix}"
        assert file.read_bytes().startswith(start)
        assert file.name in said
    assert "Pretend (quick): 6 superpixels" in said


@pytest.mark.parametrize(
    ("out", "files"),
    [
        ("figures/new", {"figures/new/edge-photo.png", "figures/new/edge-photo.pdf"}),
        ("mine.pdf", {"mine.pdf"}),
        ("sub/mine.png", {"sub/mine.png"}),
    ],
)
def test_out_is_a_folder_or_one_file(figure, tmp_path, photo, out, files):
    status, said = figure("edge", "--n", 6, "--out", out)
    assert status == 0, said
    written = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert written == {photo.name, *files}


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ("quick", "Pretend: preset quick (iterations 12, scale 0.25), not the published settings."),
        ("paper", "Pretend: preset paper (iterations 500, scale 1.0)."),
    ],
)
def test_the_caption_says_the_preset_the_count_and_the_seed(figure, captions, preset, words):
    status, said = figure("soft", "--n", 6, "--preset", preset, "--seed", 3)
    assert status == 0, said
    assert captions == [f"6 superpixels asked for, seed 3. {words}"]


def test_which_preset_auto_chose_is_said(figure):
    _, said = figure("laplacian", "--n", 6, "--device", "cpu")
    assert "pretend: preset quick" in said
    assert "--preset paper" in said


def test_quiet_says_nothing(figure):
    own = ["--methods", "pretend_declines,pretend"]
    assert figure("examples", "--n", 6, "--quiet", *own) == (0, "")


def test_progress_goes_to_a_terminal_only(figure):
    _, said = figure("laplacian", "--n", 6)
    assert "1/12" not in said


def test_a_method_that_declines_leaves_the_others_their_figure(figure, tmp_path):
    status, said = figure("examples", "--n", 6, "--methods", "pretend_declines,grid")
    assert status == 0, said
    assert "Declines declined: this image is too blue" in said
    assert (tmp_path / "examples-photo.png").is_file()


def test_a_method_that_fails_is_told_and_leaves_the_others_their_figure(figure, tmp_path):
    status, said = figure("examples", "--n", 6, "--methods", "pretend_fails,grid")
    assert status == 2
    assert "Fails failed: RuntimeError: the reason in two lines (pretend.py:" in said
    assert (tmp_path / "examples-photo.png").is_file()


def test_no_labels_at_all_is_no_figure(figure, tmp_path, photo):
    status, said = figure("examples", "--n", 6, "--methods", "pretend_fails,pretend_declines")
    assert status == 2
    assert "too blue" in said
    assert "RuntimeError: the reason" in said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == [photo.name]


def test_a_grid_of_parameters_is_a_column_each(figure):
    status, said = figure("examples", "--n", 6, "--methods", "slic[compactness=1,10],grid")
    assert status == 0, said
    assert "SLIC[compactness=1.0]: " in said
    assert "SLIC: " in said


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "I;16", "1"])
def test_any_image_that_can_be_read_will_do(figure, tmp_path, mode):
    grey = np.arange(24 * 36, dtype=np.uint16).reshape(24, 36)
    image = Image.fromarray(grey * 70 if mode == "I;16" else (grey // 4).astype(np.uint8))
    (image if mode == "I;16" else image.convert(mode)).save(tmp_path / "other.tif")
    status, said = figure("edge", "--n", 4, image="other.tif")
    assert status == 0, said


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9)])
def test_the_smallest_images_will_do_where_the_method_can(figure, tmp_path, height, width):
    write_png(tmp_path / "dot.png", np.full((height, width, 3), 9, np.uint8))
    for kind, own in (("laplacian", ()), ("examples", ("--methods", "grid"))):
        status, said = figure(kind, "--n", 1, "--out", "dot.pdf", *own, image="dot.png")
        assert status == 0, said


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("sotf", [], "unknown figure 'sotf'; did you mean 'soft'?"),
        ("", [], "there are edge, errors, examples, laplacian, soft"),
        ("soft", ["--n", "865"], "865 is above the 864 pixels"),
        ("soft", ["--n", "0"], "0 is too small"),
        ("soft", ["--n", "ten"], "'ten' is not an integer"),
        ("soft", ["--n", "50,100"], "'50,100' are 2 values"),
        ("soft", ["--seed", "-1"], "-1 is too small"),
        ("soft", ["--preset", "fast"], "fast"),
        ("soft", ["--methods", "slic"], "leave the option out"),
        ("examples", ["--methods", "slicc"], "slic"),
        ("examples", ["--methods", "slic[compactnes=1]"], "compactness"),
        ("examples", ["--methods", ""], "--methods is empty"),
        ("soft", ["--out", "mine.gif"], "neither in .png nor in .pdf nor in .svg"),
        ("soft", ["--out", "/proc/figures"], "cannot write to /proc/figures"),
        ("soft", ["--out", "photo.png/figures"], "cannot write to photo.png/figures"),
        ("soft", ["--plugin", "nowhere.py"], "nowhere.py"),
        ("soft", ["--image", "nowhere.png"], "there is no file 'nowhere.png'"),
        ("soft", ["--image", "text.png"], "give --image another file"),
        ("soft", ["--image", "."], "cannot read the image ."),
    ],
)
def test_wrong_input_is_one_message_and_status_1(figure, tmp_path, photo, kind, arguments, message):
    (tmp_path / "text.png").write_text("no image")
    status, said = figure(kind, *arguments)
    assert status == 1
    assert message in said
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*-photo.*"))


def test_without_an_image_the_option_is_named(capfd):
    assert _status(["figure", "soft"]) == 1
    assert "--image" in capfd.readouterr().err


def test_the_shell_completes_kinds():
    from bench.cli.figure import complete_kinds

    assert complete_kinds("e") == ["edge", "errors", "examples"]


def test_the_network_itself_gives_the_figure_what_it_shows(figure, monkeypatch, tmp_path):
    monkeypatch.setattr(laplacian, "METHODS", ("proposed[iterations=2,width=4]",))
    status, said = figure("laplacian", "--n", 4, "--device", "cpu")
    assert status == 0, said
    assert "Proposed (quick)[iterations=2,width=4]: " in said
    assert (tmp_path / "laplacian-photo.pdf").is_file()


@pytest.mark.parametrize("kind", [path.stem for path in FIGURES.glob("[a-z]*.py")])
def test_every_figure_is_of_methods_that_there_are(kind):
    terms = parse_terms(",".join(importlib.import_module(f"reports.figures.image.{kind}").METHODS))
    assert make_variants(choose(terms, list_methods(), list_methods), "quick", "cpu")


# --- images of a data set ----------------------------------------------------------------------


def test_errors_are_shown_on_an_image_of_a_data_set(figure, tiny, tmp_path):
    own = ("--methods", "grid,pretend", "--n", 6, "--dataset", "folder", "--root", tiny)
    status, said = figure("errors", *own, "--annotator", 2, "--style", "screen", image="im1")
    assert status == 0, said
    assert (tmp_path / "errors-im1.png").exists()


@pytest.mark.parametrize(
    ("arguments", "image", "message"),
    [
        ((), None, "holds methods against an annotation; name an image of a data set: --dataset"),
        (("--root", "x"), None, "--dataset"),
        (("--dataset", "folder"), "im7", "did you mean 'im2'?; it has im0, im1, im2"),
        (("--dataset", "folder", "--annotator", 3), "im1", "none of the 2 annotators of 'im1'"),
    ],
)
def test_errors_without_an_annotation_are_refused(figure, tiny, photo, arguments, image, message):
    root = ("--root", tiny) if "folder" in arguments else ()
    status, said = figure("errors", *arguments, *root, image=image or photo)
    assert status == 1
    assert message in said


@pytest.mark.parametrize("dataset", [(), ("--dataset", "folder")])
def test_an_annotator_of_a_figure_without_annotations_is_refused(figure, tiny, photo, dataset):
    own = (*dataset, "--root", tiny) if dataset else ()
    image = "im1" if dataset else photo
    status, said = figure("examples", "--methods", "grid", "--annotator", 99, *own, image=image)
    assert status == 1
    assert "--annotator: the figure 'examples' shows no annotation" in said


def test_a_root_without_a_data_set_is_refused(figure, tiny):
    status, said = figure("examples", "--methods", "grid", "--root", tiny)
    assert status == 1
    assert "give --dataset" in said
