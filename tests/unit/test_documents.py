"""Documents lead where they say, and what checks the built site finds what is wrong."""

import json
import re
import runpy
import tomllib
from pathlib import Path

import pytest

from methods.registry import BUILTIN
from metrics import METRICS

ROOT = Path(__file__).resolve().parents[2]
MADE = ("docs/explore/", "docs/methods/", "docs/metrics/", "docs/_build/")  # by the build
DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if not path.relative_to(ROOT).as_posix().startswith(MADE)
)
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(rf"{BLOCK.pattern}|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")

problems = runpy.run_path(str(ROOT / "docs" / "check.py"))["problems"]


def anchors(path):
    """Return the names that GitHub gives the headings of a document."""
    found = re.findall(r"^#+ (.*)$", BLOCK.sub("", path.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in found}


def broken(path):
    """Yield the links of a document to files or headings that are not there."""
    for target in LINK.findall(CODE.sub("", path.read_text("utf-8"))):
        name, _, place = target.partition("#")
        if "://" in name:
            continue
        there = (path.parent / name).resolve() if name else path
        if there.is_relative_to(ROOT) and there.relative_to(ROOT).as_posix().startswith(MADE):
            continue
        if not there.exists() or (place and there.suffix == ".md" and place not in anchors(there)):
            yield target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_documents_lead_somewhere(path):
    assert list(broken(path)) == []


def test_broken_links_are_found(tmp_path):
    document = tmp_path / "a.md"
    document.write_text("# A b\n[x](none.md) [y](#a-b) [z](#c) `[no](code.md)`\n")
    assert list(broken(document)) == ["none.md", "#c"]


def test_the_readme_has_what_a_newcomer_needs():
    text = (ROOT / "README.md").read_text("utf-8")
    opening = text.partition("## ")[0]
    assert "![" in opening
    assert "bench run" in opening
    assert "bench plot" in opening
    assert "| n | method |" in opening
    assert "make test" in text
    assert "git clone" in text
    assert [name for name in BUILTIN if f"`{name}`" not in text] == []


def test_the_notebook_is_kept_without_outputs():
    cells = json.loads((ROOT / "docs" / "loop.ipynb").read_text("utf-8"))["cells"]
    assert [
        cell["id"] for cell in cells if cell.get("outputs") or cell.get("execution_count")
    ] == []


def test_every_metric_has_a_formula_for_its_page():
    notes = tomllib.loads((ROOT / "docs" / "extensions" / "metrics.toml").read_text("utf-8"))
    ours = {id for id, each in METRICS.items() if each.origin.startswith("metrics.")}
    assert notes.keys() - {"families"} == ours
    assert all(notes[id]["formula"] for id in ours)


PAGE = '<html><body id="top"><a href="b.html#there">b</a><img src="a.png">{}</body></html>'


@pytest.fixture
def site(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.html").write_text('<p id="there">')
    (tmp_path / "index.html").write_text(PAGE.format(""))
    return tmp_path


def test_a_site_without_faults(site):
    harmless = '<a href="https://doi.org/10.1/x">x</a><a href="#top">t</a><img src="data:,">'
    (site / "index.html").write_text(PAGE.format(harmless))
    assert list(problems(site)) == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ('<a href="c.html">', "'c.html' leads to no file"),
        ('<a href="b.html#here">', "'b.html#here' leads to no place"),
        ('<a href="#nowhere">', "leads to no place"),
        ('<img src="none.png">', "leads to no file"),
        ('<a href="https://doi">', "is no address"),
        ('<a href="https://a.org/x y">', "is no address"),
        ('<script src="https://cdn.org/x.js"></script>', "fetches https://cdn.org/x.js"),
        ('<script src="//cdn.org/x.js"></script>', "fetches //cdn.org/x.js"),
        ('<link rel="stylesheet" href="https://fonts.org/x.css">', "fetches https://fonts.org"),
        ("<style>a {background: url(https://a.org/b.png)}</style>", "fetches https://a.org/b.png"),
        ('<script>import "https://a.org/b.js"</script>', "fetches https://a.org/b.js"),
    ],
)
def test_faults_of_a_site_are_found(site, fault, message):
    (site / "index.html").write_text(PAGE.format(fault))
    (found,) = problems(site)
    assert message in found


def test_styles_and_scripts_beside_the_pages_are_read(site):
    (site / "site.css").write_text("@import 'https://fonts.org/x.css';")
    (site / "site.js").write_text("fetch('https://a.org/b')")
    assert sorted(problems(site)) == [
        "site.css: fetches https://fonts.org/x.css from another host",
        "site.js: fetches https://a.org/b from another host",
    ]


def test_a_site_that_was_not_built(tmp_path):
    assert "build the site first" in next(problems(tmp_path))
