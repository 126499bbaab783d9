"""``bench compare``: labels at equal returned count, areas under curves, or two results files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import opened, options, output, values
from bench.errors import UsageError

if TYPE_CHECKING:
    from reports.tables.comparison import Report

PAST_TOLERANCE = 3


def compare(
    a: Annotated[Path, typer.Argument(metavar="A.parquet", help="What `bench run` wrote.")],
    b: Annotated[
        Path | None,
        typer.Argument(metavar="B.parquet", help="Another file, to compare cell by cell."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="Returned counts to compare labels at: 100,200.",
            show_default="the asked n, moved into the range that most labels share",
        ),
    ] = None,
    within: Annotated[
        float,
        typer.Option(
            help="Take the end of a curve as it is, marked, where it is within this share of the"
            " count: 0.05."
        ),
    ] = 0.0,
    pvalues: Annotated[
        bool,
        typer.Option(
            "--pvalues",
            help="Wilcoxon's signed rank test against the best, too, adjusted by Holm, with wins,"
            " ties and losses.",
        ),
    ] = False,
    over: Annotated[
        str | None,
        typer.Option(
            help="Range of returned counts, LOW,HIGH, to average curves over (AMR, AUE, AUV)."
        ),
    ] = None,
    own: Annotated[
        str | None,
        typer.Option(
            help="Labels, as patterns, to compare with every other label at the counts that they"
            " returned themselves; 'mine' are all of your file beside --with.",
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Metrics, the one that decides the order first; `bench list metrics` names them.",
            show_default="asa,br,ue_np,ev",
        ),
    ] = None,
    only: options.OnlyLabels = "*",
    without: options.WithoutLabels = "",
    rename: options.RenamedLabels = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Two files: exit with 3 if a cell differs by more than this in any of the"
            " metrics, in its status, or is in one file only."
        ),
    ] = None,
    perturbed: Annotated[
        bool,
        typer.Option(
            "--perturbed",
            help="What perturbed images (`bench run --perturb`) cost each label, and how stable its"
            " superpixels are.",
        ),
    ] = False,
    with_: options.With = None,
    allow_mixed: options.AllowMixed = False,
    out: options.ReportFile = None,
    plugin: options.Plugins = None,
    how: options.ReportFormatName = options.ReportFormat.TEXT,
    quiet: options.Quiet = False,
) -> int:
    """Compare labels at equal count, or two files.

    One file, perhaps with others' labels (--with): methods return different counts for the same n,
    so each image is interpolated along its own curve to the counts of --at, or to those that the
    labels of --own returned. Two files: the same cells are matched, say of two versions or
    machines; with --tolerance the exit status tells whether they agree.
    """
    from bench.planning.selection import parse_integers
    from reports.data.schema import ResultsError

    show = partial(_show, out=out, how=how, quiet=quiet)
    _check(b, at, over, tolerance, out)
    others = {
        "a second file": b is not None,
        "--over": over is not None,
        "--own": own is not None,
        "--perturbed": perturbed,
    }
    _check_at([name for name, given in others.items() if given], within, pvalues)
    other = opened.read_with(with_)
    if other is not None and (b is not None or perturbed):
        what = "--perturbed" if perturbed else "a second file"
        raise UsageError(f"--with sets others' labels beside those of one file; leave out {what}")
    if perturbed and (b is not None or at is not None or over is not None):
        raise UsageError("--perturbed makes a table of its own; leave out --at, --over and B")
    if own is not None and (b is not None or at is not None or over is not None or perturbed):
        raise UsageError(
            "--own compares at the counts that these labels returned; leave out --at, --over,"
            " --perturbed and B"
        )

    values.load_plugins(plugin)
    wanted = None if metrics is None else values.split_metrics("--metrics", metrics)
    note = partial(output.note, quiet=quiet)
    labels = values.split_patterns(only, without)
    renames = values.read_renames(rename)
    counts = parse_integers(at, "--at", least=1) if at is not None else None
    span = _range(over) if over is not None else None
    asked = values.split_names("--own", own) if own is not None else []
    try:
        if b is not None:
            for file in (a, b):
                opened.recover(file, quiet)
                _tell_mixed(file, note)
            return _two_files(a, b, wanted, labels, renames, allow_mixed, tolerance, show, quiet)
        from reports.data.perturbed import left_out_note
        from reports.tables.comparison import (
            DEFAULT_METRICS,
            compare_at,
            compare_over,
            compare_own,
        )
        from reports.tables.robustness import compare_perturbed

        with opened.beside(a, other, allow_mixed, quiet) as file:
            chosen = (wanted or DEFAULT_METRICS, *labels, note, allow_mixed)
            _tell_mixed(a, note)
            left_out = left_out_note(a, "--perturbed shows what they cost")
            if left_out and not perturbed:
                note(left_out)
            if perturbed:
                report = compare_perturbed(file, *chosen, rename=renames)
            elif asked:
                report = compare_own(file, asked, *chosen, rename=renames)
            elif span is not None:
                report = compare_over(file, span[0], span[1], *chosen, rename=renames)
            else:
                report = compare_at(
                    file, counts, *chosen, rename=renames, within=within, pvalues=pvalues
                )
    except ResultsError as error:
        raise UsageError(str(error)) from error
    show(report)
    return 0


def _tell_mixed(file: Path, note: Callable[[str], None]) -> None:
    from reports.data.facts import file_facts

    mixed = file_facts(file).mixed
    if mixed:
        note(f"{file}: {mixed}")


def _two_files(
    a: Path,
    b: Path,
    metrics: Sequence[str] | None,
    labels: tuple[Sequence[str], Sequence[str]],
    renames: Mapping[str, str],
    allow_mixed: bool,
    tolerance: float | None,
    show: Callable[[Report], None],
    quiet: bool,
) -> int:
    from reports.tables.two_files import DIFFERENCE_METRICS, compare_files

    compared = metrics or DIFFERENCE_METRICS
    report = compare_files(a, b, compared, *labels, allow_mixed, rename=renames)
    show(report)
    if tolerance is None:
        return 0
    beyond = report.beyond(tolerance)
    if beyond:
        typer.echo(f"bench: past the tolerance of {tolerance:g}: {beyond}", err=True)
        return PAST_TOLERANCE
    if not quiet:
        names = ", ".join(compared)
        typer.echo(f"no cell differs by more than {tolerance:g} in {names}", err=True)
    return 0


def _check(
    b: Path | None, at: str | None, over: str | None, tolerance: float | None, out: Path | None
) -> None:
    """Refuse options that do not go together, before anything is read."""
    if b is not None and (at is not None or over is not None):
        raise UsageError("--at and --over compare the labels of one file; give one file at a time")
    if at is not None and over is not None:
        raise UsageError("--at and --over make different tables; give one of them")
    if tolerance is not None and b is None:
        raise UsageError("--tolerance is for two files; give a second one, or leave it out")
    if tolerance is not None and not tolerance >= 0:
        raise UsageError(f"--tolerance: {tolerance:g} is no tolerance; the least value is 0")
    output.check_report(out)


def _check_at(others: Sequence[str], within: float, pvalues: bool) -> None:
    """Refuse what is for labels at equal counts where other tables are made."""
    if not 0 <= within < 1:
        raise UsageError(f"--within: {within:g} is no share of a count; give 0 to below 1: 0.05")
    if others and (within or pvalues):
        name = "--within" if within else "--pvalues"
        raise UsageError(f"{name} is for labels at equal counts; leave out {' and '.join(others)}")


def _range(text: str) -> tuple[int, int]:
    from bench.planning.selection import parse_integers

    ends = parse_integers(text, "--over", least=1)
    if len(ends) != 2 or ends[0] >= ends[1]:
        raise UsageError(
            f"--over: {text!r} is no range of counts; give LOW,HIGH with LOW below HIGH, such as "
            "50,400"
        )
    return ends[0], ends[1]


def _show(report: Report, out: Path | None, how: options.ReportFormat, quiet: bool) -> None:
    if out is not None:
        output.write_report(report.text, report.numbers, out, how)
    if not quiet:
        output.print_report(report.text, report.numbers, how)
