"""``bench figure``: the figures of a paper that show what methods make of one image."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli import options, output, values
from bench.errors import BenchError, StorageError, UsageError
from bench.planning.captions import caption
from reports.data.words import counted, few

if TYPE_CHECKING:
    from rich.console import Console

    from bench.datasets import Dataset, Sample
    from bench.datasets.reading import Exif
    from bench.planning.variants import Variant
    from methods import Method
    from reports.figures.sheet import Annotation, Division, Picture

_FOLDER = "reports.figures.image"  # one file a kind


class NothingToDrawError(BenchError):
    """No method returned labels."""

    exit_status = 2


def complete_kinds(incomplete: str) -> list[str]:
    """Offer the kinds of figures to the shell."""
    return [kind for kind in _kinds() if kind.startswith(incomplete)]


def figure(
    kind: Annotated[
        str,
        typer.Argument(
            autocompletion=complete_kinds, help="examples, errors, soft, laplacian or edge"
        ),
    ],
    image: Annotated[
        Path,
        typer.Option(
            "--image",
            help="Image file; png, jpg, tif ... With --dataset, a name of an image in it.",
        ),
    ],
    n: Annotated[str, typer.Option("--n", help="Superpixels to ask for.")] = "100",
    methods: Annotated[
        str | None,
        typer.Option(
            "--methods",
            autocompletion=options.complete_methods,
            help="For 'examples' and 'errors': names, globs and grids: slic[compactness=1,10],fh",
            show_default="fh,slic,seeds,lsc,rim,ea,proposed; slic,snic,etps,sh",
        ),
    ] = None,
    seed: Annotated[str, typer.Option("--seed", help="Seed of methods that draw.")] = "0",
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            autocompletion=options.complete_datasets,
            help="Data set that --image is of; 'errors' needs its annotations.",
        ),
    ] = None,
    root: options.Root = None,
    split: options.Split = None,
    annotator: Annotated[
        int | None,
        typer.Option(
            help="For 'errors': which annotator the methods are held against.", show_default="1"
        ),
    ] = None,
    exif: options.ExifText = None,
    device: options.DeviceName = options.Device.AUTO,
    preset: options.PresetName = options.Preset.AUTO,
    style: options.LookName = options.Look.PAPER,
    plugin: options.Plugins = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for a PNG and a PDF, or a file that ends in .png, .pdf or .svg.",
            show_default="this folder",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> int:
    """Draw what methods make of an image, as Figures 1 to 4 of the paper do.

    soft: the proposed network without and with the soft image in its reconstruction term.

    laplacian: Laplacian responses of the image, of its reconstruction, of the soft image.

    edge: the proposed network without and with edge awareness.

    examples: boundaries and mean colours of several methods, and a detail.

    errors: boundaries of an annotator that methods miss, superpixels that leak over them.

    Exit status: 0 drawn, 1 usage or input error, 2 a method failed (its panel and a message say
    why; the figure is drawn if another one returned labels), 130 interrupted.
    """
    from bench.planning.variants import explain_presets
    from reports.figures.style import styled

    drawn = _find_kind(kind)
    values.load_plugins(plugin)
    number, draws = _one_integer("--n", n, least=1), _one_integer("--seed", seed, least=0)
    variants = _choose(kind, drawn, methods, preset.value, device.value)
    reading = values.make_reading(exif, void=None)
    if annotator is not None and not drawn.ANNOTATED:
        raise UsageError(
            f"--annotator: the figure '{kind}' shows no annotation; leave the option out, or choose"
            " the figure 'errors'"
        )
    held: list[Annotation] = []
    if dataset is None:
        _refuse_without_dataset(kind, drawn, root, split)
        pixels = _read(image, reading.exif)
    else:
        found = values.find_dataset(dataset, root, split, None, partial=True, reading=reading)
        sample = _load(found, str(image))
        pixels = sample.image
        if drawn.ANNOTATED:
            held = [_annotation(sample, 1 if annotator is None else annotator)]
    _check_count(image, pixels, number)
    targets = _targets(out, f"{kind}-{image.stem}")
    console = output.make_console(quiet)
    for line in explain_presets(variants, dataset=""):
        console.print(line, highlight=False, markup=False)
    divisions = [_divide(variant, pixels, number, draws, console) for variant in variants]
    reasons = [f"{division.label} {division.reason}" for division in divisions if division.reason]
    if len(reasons) == len(divisions):
        raise NothingToDrawError(
            f"nothing to draw, no method returned labels: {'; '.join(reasons)}"
        )
    with styled(style.value):
        _save(drawn.draw(pixels, divisions, caption(variants, number, draws), *held), targets)
    for division in divisions:
        if division.failed or (division.reason and not quiet):
            typer.echo(f"bench: {division.label} {division.reason}", err=True)
    if not quiet:
        typer.echo("\n".join(map(str, targets)))
    return 2 if any(division.failed for division in divisions) else 0


def _kinds() -> list[str]:
    """Return the kinds of figures, by the files that draw them, without importing these."""
    from reports.figures import image

    files = (path.stem for folder in image.__path__ for path in Path(folder).glob("*.py"))
    return sorted(name for name in files if not name.startswith("_"))


def _find_kind(kind: str) -> ModuleType:
    """Import the module that draws a kind of figure."""
    from bench.errors import hint

    kinds = _kinds()
    if kind not in kinds:
        raise UsageError(
            f"unknown figure '{kind}'{hint(kind, kinds)}; there are {', '.join(kinds)}"
        )
    return importlib.import_module(f"{_FOLDER}.{kind}")


def _one_integer(option: str, text: str, least: int) -> int:
    """Read the value of an option that takes one, where ``bench run`` takes several."""
    from bench.planning.selection import parse_integers

    values = parse_integers(text, option, least)
    if len(values) > 1:
        raise UsageError(f"{option}: '{text}' are {len(values)} values; a figure is of one")
    return values[0]


def _choose(
    kind: str, drawn: ModuleType, methods: str | None, preset: str, device: str
) -> list[Variant]:
    """Check the methods that the figure shows, or that the user wants to see in it."""
    from bench.planning.selection import choose, parse_terms
    from bench.planning.variants import default_methods, make_variants
    from methods import list_methods

    if methods is not None and not drawn.ANY_METHODS:
        raise UsageError(
            f"--methods: the figure '{kind}' is of {' and '.join(drawn.METHODS)}; leave the option"
            " out, or choose the figure 'examples'"
        )
    terms = parse_terms(",".join(drawn.METHODS) if methods is None else methods)
    return make_variants(choose(terms, list_methods(), default_methods), preset, device)


def _refuse_without_dataset(
    kind: str, drawn: ModuleType, root: Path | None, split: str | None
) -> None:
    if drawn.ANNOTATED:
        raise UsageError(
            f"the figure '{kind}' holds methods against an annotation; name an image of a data set:"
            " --dataset bsds500 --root DIR --split test --image 100007"
        )
    if root is not None or split is not None:
        raise UsageError("--root and --split are of a data set; give --dataset, or leave them out")


def _load(dataset: Dataset, name: str) -> Sample:
    """Load an image of a data set."""
    from bench.errors import hint

    if name not in dataset.names:
        raise UsageError(
            f"--image: '{name}' is no image of {dataset.identity}{hint(name, dataset.names)}; it"
            f" has {few(dataset.names)}"
        )
    return dataset.load(name)


def _annotation(sample: Sample, annotator: int) -> Annotation:
    """Return what one annotator made of an image."""
    from reports.figures.sheet import Annotation

    number = len(sample.truths)
    if not 1 <= annotator <= number:
        raise UsageError(
            f"--annotator: {annotator} is none of the {number} annotators of '{sample.name}'; give"
            f" one from 1 to {number}"
        )
    title = f"annotator {annotator} of {number}"
    return Annotation(title, sample.truths[annotator - 1], sample.void)


def _read(image: Path, exif: Exif) -> Picture:
    """Read the image of a file."""
    from bench.datasets.images import read_image

    if not image.exists():
        raise UsageError(f"--image: there is no file '{image}'; give an image of your own")
    return read_image(image, cure="give --image another file", exif=exif)


def _check_count(image: Path, pixels: Picture, n: int) -> None:
    """Check that the image can be asked for so many superpixels."""
    height, width = pixels.shape[:2]
    if n > height * width:
        raise UsageError(
            f"--n: {n} is above the {counted(height * width, 'pixel')} of '{image}'"
            f" ({height} x {width}); ask for fewer superpixels, or give a larger image"
        )


def _targets(out: Path | None, name: str) -> list[Path]:
    """Return the files to write, and see that they can be before anything long begins."""
    from reports.plot import FORMATS, USUAL_FORMATS

    suffixes = [f".{kind}" for kind in FORMATS]
    folder = Path() if out is None else out
    targets = [folder / f"{name}.{kind}" for kind in USUAL_FORMATS]
    if folder.suffix and not folder.is_dir():
        if folder.suffix not in suffixes:
            raise UsageError(
                f"--out: '{out}' is no folder, and ends neither in {' nor in '.join(suffixes)}"
            )
        targets = [folder]
    try:
        targets[0].parent.mkdir(parents=True, exist_ok=True)
        if not os.access(targets[0].parent, os.W_OK):
            raise PermissionError(None, "permission denied")
    except OSError as error:
        raise StorageError(
            f"--out: cannot write to {targets[0].parent}: {error.strerror}; give another folder"
        ) from error
    return targets


def _divide(variant: Variant, image: Picture, n: int, seed: int, console: Console) -> Division:
    """Run a method on the image; return what it made of it, or why it made nothing."""
    from rich.text import Text

    from bench.execution.cell_errors import one_line
    from methods import Skip, get_method
    from methods.progress import listening
    from reports.figures.sheet import Division

    own = {"seed": seed} if "seed" in variant.takes else {}
    try:
        method = get_method(variant.name, **(own | variant.given))
        with console.status(Text(variant.label)) as status:

            def show(done: int, total: int) -> None:
                status.update(Text(f"{variant.label}: {done}/{total}"))

            with listening(show):
                division = _pictures(variant.label, method, image, n)
    except Skip as declined:
        return Division(variant.label, reason=f"declined: {declined}")
    except (Exception, SystemExit) as error:
        return Division(variant.label, reason=f"failed: {one_line(error)}", failed=True)
    console.print(f"{variant.label}: {division.returned}", highlight=False, markup=False)
    return division


def _pictures(label: str, method: Method, image: Picture, n: int) -> Division:
    """Run a method; of networks, which solve an optimisation problem, keep their images too."""
    from methods import superpixelated
    from methods.canonical import canonicalise
    from reports.figures.sheet import Division

    solve: Any = getattr(method, "solve", None)
    solution = solve(image, n) if solve else None
    raw = method.segment(image, n) if solution is None else solution.labels
    labels = canonicalise(raw, (image.shape[0], image.shape[1]))
    return Division(
        label,
        labels,
        mean_colours=superpixelated(image, labels),
        soft_image=getattr(solution, "soft_image", None),
        reconstruction=getattr(solution, "reconstruction", None),
    )


def _save(figure: Any, targets: Sequence[Path]) -> None:
    from reports.output import OutputError, save_figure

    try:
        for target in targets:
            save_figure(figure, target, dpi="figure")
    except OutputError as error:
        raise StorageError(str(error)) from error
