"""The ``bench`` command: one file per subcommand, which imports what it needs when it runs."""

from __future__ import annotations

import errno
import os
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bench.cli import surroundings
from bench.cli.check import check
from bench.cli.compare import compare
from bench.cli.condense import condense
from bench.cli.data import data
from bench.cli.drop import drop
from bench.cli.figure import figure
from bench.cli.list import list_
from bench.cli.merge import merge
from bench.cli.output import shown
from bench.cli.plot import plot
from bench.cli.protocols import protocols
from bench.cli.report import report
from bench.cli.reproduce import reproduce
from bench.cli.rescore import rescore
from bench.cli.run import run
from bench.cli.score import score
from bench.errors import BenchError, Interrupted
from bench.execution.supervision import hear_schedulers


class _Commands(TyperGroup):
    """Commands whose interruption is told; Typer by itself leaves without a word."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted("interrupted") from error


_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)

app = typer.Typer(
    name="bench",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
for _command in (
    *(run, plot, report, reproduce, figure, compare, score, rescore, protocols, merge, condense),
    *(drop, check, data),
):
    app.command()(_command)
app.command(name="list")(list_)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"superpixel-bench {version('superpixel-bench')}")
        raise typer.Exit


@app.callback()
def _bench(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Run superpixel methods on a data set, score them against every annotator, and plot.

    Start with:  bench run --methods all --n 50,100,200   then   bench plot results.parquet
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the program and leave with its exit status.

    0: all well; 1: usage or input error; 2: finished, but some cells failed; 3: past the tolerance
    of a comparison; 130: interrupted.
    """
    surroundings.prepare()
    hear_schedulers()
    status = _status(arguments)
    try:
        sys.stdout.flush()
    except OSError as error:
        sys.exit(_cannot_print(error))
    sys.exit(status)


def _status(arguments: list[str] | None) -> int:
    try:
        returned: Any = app(arguments, prog_name="bench", standalone_mode=False)
    except BenchError as error:
        typer.echo(f"bench: {shown(str(error))}", err=True)
        return error.exit_status
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("bench: interrupted", err=True)
        return 130
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
            return _cannot_print(error)
        if not hasattr(error, "show"):  # only the parser's own errors know how to show themselves
            raise
        error.show()
        return 1  # the parser's default is 2, which here means that cells failed
    return returned if isinstance(returned, int) else 0


def _cannot_print(error: OSError) -> int:
    """Say that what was asked for could not be printed, and print no more."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (open till the end)
    reason = error.strerror or error
    typer.echo(f"bench: cannot write to standard output: {reason}; send it elsewhere", err=True)
    return 1
