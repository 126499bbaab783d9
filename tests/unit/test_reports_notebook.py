"""What a notebook shows: pictures of label maps, and the summary of a results file."""

import base64
import io
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from reports import show, show_results
from reports.data.schema import ResultsError
from reports.notebook import _HALO, _LINE
from tests.fake_results import Fake, write

HALVES = np.repeat([[0] * 20 + [7] * 20], 30, axis=0)
GREY = np.full((30, 40, 3), 128, np.uint8)


class Page(HTMLParser):
    """Collects the pictures and the words of what is shown."""

    def __init__(self, shown):
        super().__init__()
        self.pictures, self.words, self.tags, self.sources = [], [], set(), []
        self.feed(shown._repr_html_())

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "img":
            self.sources.append(dict(attributes)["src"])
            data = base64.b64decode(self.sources[-1].partition("base64,")[2])
            self.pictures.append(np.asarray(Image.open(io.BytesIO(data))))

    def handle_data(self, data):
        self.words.append(data)


def test_boundaries_are_drawn_on_the_image():
    page = Page(show(HALVES, GREY))
    (picture,) = page.pictures
    assert picture.shape == (480, 640, 3)  # 16 times as large
    line = (picture == _LINE).all(axis=2)
    halo = (picture == _HALO).all(axis=2)
    assert np.flatnonzero(line.all(axis=0)).tolist() == [319]  # between columns 19 and 20
    assert np.flatnonzero(halo.all(axis=0)).tolist() == [318, 320]
    assert (picture[~line & ~halo] == 128).all()
    assert page.words == ["2 superpixels"]


def test_large_images_keep_their_pixels():
    picture = Page(show(np.kron(HALVES, np.ones((30, 30), int)), None)).pictures[0]
    assert picture.shape == (900, 1200, 3)


def test_without_an_image_each_superpixel_has_a_colour():
    labels = np.arange(12).reshape(3, 4)
    (picture,) = Page(show(labels)).pictures
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 12


def test_several_stand_beside_each_other_with_their_names():
    page = Page(show({"A": HALVES, "B": HALVES * 0}, GREY))
    assert len(page.pictures) == 2
    assert page.words == ["A: 2 superpixels", "B: 1 superpixel"]
    assert not (page.pictures[1] == _LINE).all(axis=2).any()


def test_names_need_neither_be_words_nor_differ_as_words():
    page = Page(show({1: HALVES, "1": HALVES * 0, 0: HALVES}, GREY))
    assert page.words == ["1: 2 superpixels", "1: 1 superpixel", "0: 2 superpixels"]


def test_floats_and_grey_are_images_too():
    of_bytes = Page(show(HALVES, GREY)).pictures[0]
    of_floats = Page(show(HALVES, GREY[..., 0] / 255)).pictures[0]
    assert (of_bytes == of_floats).all()


def test_names_do_no_harm():
    page = Page(show({'<script>alert("x")</script>': HALVES}))
    assert "script" not in page.tags
    assert page.words == ['<script>alert("x")</script>: 2 superpixels']


def test_nothing_is_asked_of_other_hosts():
    assert all(source.startswith("data:image/png;base64,") for source in Page(show(HALVES)).sources)


@pytest.mark.parametrize(
    ("labels", "image", "message"),
    [
        (np.zeros((3, 4)), None, "not of integers"),
        (np.zeros((3, 4, 3), int), None, "pass a non-empty"),
        (HALVES, GREY[:5], "image has shape"),
        (HALVES, GREY * 2.0, "in \\[0, 1\\]"),
        ({"mine": HALVES[0]}, None, "labels\\['mine'\\] has shape"),
        ({0: HALVES[0]}, None, "labels\\[0\\] has shape"),
        ({}, None, "no label map"),
        (HALVES - 1, GREY, "labels has the negative value -1: labels are 0 or greater"),
    ],
)
def test_what_cannot_be_shown_is_refused(labels, image, message):
    with pytest.raises(ValueError, match=message):
        show(labels, image)


def test_the_summary_of_a_results_file(tmp_path):
    path = write(tmp_path / "results.parquet", Fake(images=5, ns=(50, 100)))
    text = show_results(path)._repr_markdown_()
    assert "**n = 50**" in text
    assert "| method |" in text
    assert "asa ↑" in text
    assert repr(show_results(str(path))) == text


def test_the_summary_has_what_is_asked_for(tmp_path):
    path = write(tmp_path / "results.parquet", Fake(images=5, ns=(50,)))
    text = show_results(path, metrics=["vi"], only=["FH"]).text
    assert "vi ↓" in text
    assert "asa" not in text
    assert "SLIC" not in text
    with pytest.raises(ResultsError, match="no label is left"):
        show_results(path, only=["nobody"])
    with pytest.raises(ValueError, match="unknown metric"):
        show_results(path, metrics=["asaa"])


def test_importing_it_needs_neither_ipython_nor_matplotlib():
    code = "import sys, reports; print({'IPython', 'matplotlib', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
