"""The reference results: a page to explore, and what they say of each method."""

from pathlib import Path

from writing import table

from reports.data.align import align
from reports.data.choose import choose_labels
from reports.data.facts import file_facts
from reports.data.reference import FOLDER, reference_files
from reports.data.results import load_scores
from reports.page.report import Page, make_report
from reports.statistics.aggregate import analyse
from reports.tables.markdown import read_table
from reports.tables.summary import headline, markdown

OUT = Path(__file__).parent.parent / "explore"
SAID = (
    "On all {images} images of BSDS500 {split} ([reference results](../reference.md); networks: the"
    " preset quick), mean ± half of its 95 % interval; **bold**: in the set of the best of all"
    " methods ([all of them](../explore/{page}.html))."
)


def make(_):
    """Write a page to explore of each file."""
    OUT.mkdir(exist_ok=True)
    for results in reference_files():
        make_report(results, OUT / f"{results.stem}.html", Page())


def said_of_methods():
    """Return, by the title of each method, what the reference results of test say of it."""
    results = FOLDER / "bsds500-test.parquet"
    facts = file_facts(results)
    metrics = headline(facts.protocol)
    frame = choose_labels(load_scores(results, metrics), ["*"], [])
    (aligned,) = align(frame, metrics)
    said = SAID.format(images=len(aligned.images), split=aligned.split, page=results.stem)
    rows, head = {}, []
    for block in markdown(analyse(aligned, metrics, facts)).split("**n = ")[1:]:
        n = block.partition("**")[0]
        head, _, body = read_table(first_table(block))
        for name, *cells in body:
            title = name.removesuffix(" ‡").removesuffix(" (quick)")
            rows.setdefault(title, []).append([n, *cells])
    return {name: [said, table(["n", *head[1:]], its, numbers=True)] for name, its in rows.items()}


def first_table(text):
    """Return the lines of the first table in a text."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("|"))
    stop = next((i for i in range(start, len(lines)) if not lines[i].startswith("|")), len(lines))
    return "\n".join(lines[start:stop])


def setup(app):
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
