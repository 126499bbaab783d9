"""The gallery: a page for each method, from its class, a picture and this repository's results."""

import inspect
import io
from pathlib import Path

from joblib import Memory
from PIL import Image
from reference_pages import first_table, said_of_methods
from writing import linked, pictures, plain, table, write

from bench.datasets import open_dataset
from methods import Method, list_methods, segment, superpixelated
from methods.parameters import REQUIRED, meaning
from methods.registry import get_class, method_version
from reports import show
from reports.tables.markdown import read_table

DOCS = Path(__file__).parent.parent
OUT = DOCS / "methods"
SCENE, N = "still_life", 100

GROUPS = {
    "classical": "Clustering, graphs, contours and watersheds",
    "neural": "Networks, optimised on the image",
    "baselines": "Baselines, which do not look at the image",
    "command": "Programs of your own",
}
# The page that says what has become of the networks.
MORE = {"neural": "[What the networks cost and score](../networks.md) has tables of their own."}

memory = Memory(DOCS / "_build" / "cache", verbose=0)


@memory.cache
def divide(scene, n, name, version):  # noqa: ARG001 (another version has other labels)
    """Return the labels of a method on an image of the embedded sample, kept between builds."""
    return segment(open_dataset("sample").load(scene).image, n, method=name)


def make(_):
    """Write a page and pictures for each method, and the cards that lead there."""
    image = open_dataset("sample").load(SCENE).image
    cards = {group: [] for group in GROUPS}
    reference = said_of_methods()
    for name in list_methods():
        cls = get_class(name)
        shown = [] if not cls.runnable_by_default() else _draw(name, cls, image)
        group = _group(cls)
        cards[group].append(_card(name, cls, bool(shown)))
        write(OUT / f"{name}.md", _page(name, cls, shown, reference, MORE.get(group, "")))
    lists = [
        f"## {title}\n\n::::{{grid}} 2 3 3 4\n:gutter: 2\n\n{chr(10).join(cards[group])}\n::::\n"
        for group, title in GROUPS.items()
    ]
    write(OUT / "_cards.md", "\n".join(lists))


def _group(cls):
    if cls.name == "command":
        return "command"
    if ".neural." in cls.__module__:
        return "neural"
    return "classical" if cls.reference else "baselines"


def _title(cls):
    return cls.title or cls.name


def _draw(name, cls, image):
    """Write the pictures of a method; return them as tiles."""
    labels = divide(SCENE, N, name, method_version(cls))
    count = int(labels.max()) + 1
    (boundaries,) = show(labels, image).pictures
    scale = boundaries.shape[0] // image.shape[0]
    means = superpixelated(image, labels).repeat(scale, axis=0).repeat(scale, axis=1)
    tiles = []
    for what, picture, caption in (
        ("boundaries", boundaries, f"{count} superpixels for n = {N}"),
        ("means", means, "every pixel in the mean colour of its superpixel"),
    ):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG", optimize=True)
        write(OUT / "pictures" / f"{name}-{what}.png", file.getvalue())
        words = f"{_title(cls)}: {caption}"
        tiles.append((f"methods/pictures/{name}-{what}.png", words, caption))
    return tiles


def _card(name, cls, has_picture):
    picture = f":img-top: /methods/pictures/{name}-boundaries.png\n:img-alt: {_title(cls)}\n"
    return (
        f":::{{grid-item-card}} {_title(cls)}\n:link: methods/{name}\n:link-type: doc\n"
        f"{picture if has_picture else ''}\n`{name}`\n:::"
    )


def _page(name, cls, tiles, reference, more):
    about, *rest = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    parts = [f"# {_title(cls)}", plain(about), *map(plain, _until_sections(rest))]
    if tiles:
        parts += [pictures("1 2 2 2", tiles), f"Of the embedded sample, image `{SCENE}`."]
    parts += [_facts(name, cls)]
    if cls.departures:
        parts += ["## How it differs from the paper", plain(cls.departures)]
    parts += ["## Parameters", _parameters(cls), *_presets(cls)]
    if tiles:
        parts += ["## Where it stands", *_standings([_title(cls), f"`{name}`"], reference), more]
    return "\n\n".join(filter(None, parts)) + "\n"


def _until_sections(paragraphs):
    """Yield the paragraphs of a docstring before its first section (a line of dashes)."""
    for paragraph in paragraphs:
        if "\n---" in paragraph:
            return
        yield paragraph


def _facts(name, cls):
    guarantees = {
        "connected superpixels": cls.connected,
        "the exact count": cls.exact_count,
        "the same labels each time": cls.deterministic,
    }
    facts = {
        "name": f"`{name}`",
        "paper": linked(f"{cls.reference}{f', doi {cls.doi}' if cls.doi else ''}"),
        "computed by": cls.library or ("your program" if name == "command" else "this suite"),
        "licence of that code": cls.license,
        "promises": ", ".join(fact for fact, holds in guarantees.items() if holds) or "nothing",
        "runs on": ", ".join(cls.devices) + cores_of(cls),
    }
    rows = [[f"**{key}**", value] for key, value in facts.items() if value]
    return table(["", ""], rows)


def cores_of(cls):
    """Say when a method has all cores."""
    if not cls.all_cores:
        return ""
    sized = cls.wants_all_cores is not Method.wants_all_cores
    return ", large images on all cores of a CPU" if sized else ", on all cores of a CPU"


def _parameters(cls):
    rows = [
        [
            f"`{each.name}`",
            "must be given" if each.default is REQUIRED else f"`{each.default}`",
            f"{plain(meaning(cls, each.name))} ({_takes(each)})".strip(),
        ]
        for each in cls.parameters()
    ]
    return table(["parameter", "default", "meaning"], rows) if rows else "None."


def _takes(parameter):
    choices = ", ".join(f"`{choice}`" for choice in parameter.choices)
    return f"one of {choices}" if choices else parameter.type.__name__


def _presets(cls):
    if not cls.presets:
        return []
    names = list(dict.fromkeys(key for values in cls.presets.values() for key in values))
    rows = [
        [
            f"`{name}`",
            *(f"`{values[name]}`" if name in values else "" for values in cls.presets.values()),
        ]
        for name in names
    ]
    return ["### Presets", table(["", *(f"`{preset}`" for preset in cls.presets)], rows)]


# --- where a method stands ----------------------------------------------------------------------


def _standings(names, reference):
    """Return what the reference results and pages say of a method, by its title or `name`."""
    return [
        part for each in (reference, _of_benchmarks()) for it in names for part in each.get(it, ())
    ]


def _of_benchmarks():
    """Return the rows of the compiled methods in docs/benchmarks.md."""
    text = (DOCS / "benchmarks.md").read_text("utf-8")
    section = text.partition("## The compiled methods against their authors' code")[2]
    head, _, body = read_table(first_table(section))
    said = (
        "Beside its authors' program (right of the slash), n = 200, five BSDS500 train images ([how"
        " this was measured](../benchmarks.md#the-compiled-methods-against-their-authors-code))."
    )
    return {name: [said, table(head[1:], [cells], numbers=True)] for name, *cells in body}


def setup(app):
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
