"""Options that several commands share, written once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


def complete_methods(incomplete: str) -> list[str]:
    """Offer method names to the shell; the last one of a comma-separated list is completed."""
    from methods import list_methods

    head, comma, last = incomplete.rpartition(",")
    return [f"{head}{comma}{name}" for name in ["all", *list_methods()] if name.startswith(last)]


def complete_datasets(incomplete: str) -> list[str]:
    """Offer data set names to the shell."""
    from bench.datasets import DATASETS

    return [name for name in DATASETS if name.startswith(incomplete)]


def complete_protocols(incomplete: str) -> list[str]:
    """Offer protocol names to the shell."""
    from metrics import PROTOCOLS

    return [name for name in PROTOCOLS if name.startswith(incomplete)]


class Device(StrEnum):
    """What networks run on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Preset(StrEnum):
    """Which settings networks use."""

    AUTO = "auto"
    PAPER = "paper"
    QUICK = "quick"


class Look(StrEnum):
    """What figures are for: `reports.figures.style.LOOKS`."""

    PAPER = "paper"
    TALK = "talk"
    SCREEN = "screen"


LookName = Annotated[
    Look,
    typer.Option("--style", help="What figures are for: sizes of letters and lines, and fonts."),
]


class Format(StrEnum):
    """How a table is printed."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"


class ReportFormat(StrEnum):
    """How a comparison is printed."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    LATEX = "latex"
    MACROS = "macros"


FormatName = Annotated[
    Format,
    typer.Option(
        "--format",
        help="text fits the terminal (all columns where there is none, or COLUMNS); markdown is not"
        " folded; csv and json have all numbers, unrounded.",
    ),
]
ReportFormatName = Annotated[
    ReportFormat,
    typer.Option(
        "--format",
        help="text fits the terminal (all columns where there is none, or COLUMNS); markdown is not"
        " folded; latex has booktabs tables, macros each number by name; csv and json have all"
        " numbers, unrounded.",
    ),
]
MethodsText = Annotated[
    str,
    typer.Option(
        "--methods",
        autocompletion=complete_methods,
        help="'all', names, globs and grids: slic[compactness=1,10],fh; LABEL:NAME[...] is called"
        " LABEL in results and plots.",
    ),
]
Counts = Annotated[str, typer.Option("--n", help="Superpixel counts to ask for.")]
Seeds = Annotated[
    str,
    typer.Option("--seed", help="Seeds of methods that draw; others run once, for all seeds."),
]
DeviceName = Annotated[
    Device,
    typer.Option("--device", help="For methods that can use a GPU; 'auto' takes CUDA if any."),
]
PresetName = Annotated[
    Preset,
    typer.Option(
        "--preset",
        help="Settings of methods that have presets: 'paper' as published, 'quick' for a CPU;"
        " 'auto' is 'paper' on CUDA, 'quick' on the CPU and on the sample data set.",
    ),
]
DatasetName = Annotated[
    str,
    typer.Option(
        "--dataset", autocompletion=complete_datasets, help="Data set; see 'bench list datasets'."
    ),
]
Root = Annotated[
    Path | None,
    typer.Option("--root", help="Folder of the data set, if not the usual one."),
]
Split = Annotated[
    str | None,
    typer.Option("--split", help="Part of the data set: train, val, test (bsds500: test)."),
]
ExifText = Annotated[
    str | None,
    typer.Option(
        "--exif",
        metavar="apply|ignore",
        help="What to do about images that ask to be turned: turn them, or take them as they are"
        " stored, as their annotations are.",
        show_default="refuse them",
    ),
]
VoidText = Annotated[
    str | None,
    typer.Option(
        "--void",
        metavar="VALUES",
        help="Values of annotations that mark pixels which no metric counts: 255, or -1,255.",
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", help="Use only the first so many images.")]
Spread = Annotated[
    bool,
    typer.Option(
        "--spread",
        help="With --limit: images from all over the set instead of its first ones; a larger limit"
        " adds to those of a smaller one.",
    ),
]
Partial = Annotated[
    bool,
    typer.Option("--partial", help="Run on a split of which images or annotations are missing."),
]
OnlyLabels = Annotated[str, typer.Option(help="Labels to show, as patterns: 'SLIC*,FH'.")]
RenamedLabels = Annotated[
    list[str] | None,
    typer.Option(
        "--rename",
        metavar="OLD=NEW",
        help="Show a label as another, which --only and --without do not know; may be repeated.",
    ),
]
WithoutLabels = Annotated[str, typer.Option(help="Labels to leave out, as patterns.")]
WITH_HELP = (
    "Show the rows of another results file, too, of the images that both have: 'reference' are"
    " those that come with the suite (`bench list reference`)."
)
With = Annotated[list[str] | None, typer.Option("--with", metavar="reference|FILE", help=WITH_HELP)]
Highlight = Annotated[
    list[str] | None,
    typer.Option(
        "--highlight",
        metavar="LABELS",
        help="Labels that are in colour among others in grey, as patterns; may be repeated. With"
        " --with 'mine' are all of your file, as they are unless given.",
    ),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="File to write as well: .md, .tex (macros by --format macros), or .csv or .json with"
        " all numbers.",
    ),
]
Out = Annotated[Path, typer.Option("--out", help="Results file to write or to continue.")]
Workers = Annotated[
    int | None, typer.Option("--workers", help="Worker processes.", show_default="one per core")
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option(
        "--plugin",
        help="Python file with methods, metrics or data sets of your own; may be repeated.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors that stop the run.")]
Force = Annotated[
    bool,
    typer.Option(
        "--force/--resume", help="Run finished cells again, or (the default) only what is missing."
    ),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Run cells again that failed before.")
]


ProtocolName = Annotated[
    str,
    typer.Option(
        "--protocol",
        autocompletion=complete_protocols,
        help="How label maps are scored; see 'bench list protocols'.",
    ),
]
ProtocolFile = Annotated[
    Path | None,
    typer.Option("--protocol-file", help="TOML file with protocols of your own."),
]
METRICS_HELP = "'default', 'all', or ids; 'default,gr,sirs' adds some that are on request."
Metrics = Annotated[str, typer.Option("--metrics", help=METRICS_HELP)]
CONNECTIVITY_HELP = (
    "Before scoring: 'as-is' leaves labels as they are, 'components' ('components8') makes every"
    " 4-connected (8-connected) part a superpixel, 'merge' joins all parts but each superpixel's"
    " largest to their neighbours."
)
HowConnected = Annotated[
    str | None,
    typer.Option("--connectivity", help=CONNECTIVITY_HELP, show_default="what the protocol says"),
]
AllowMixed = Annotated[
    bool,
    typer.Option(
        "--allow-mixed",
        help="Keep apart by name, instead of refusing, what does not belong together: a label's"
        " rows of several versions. Images of several contents are left out.",
    ),
]
