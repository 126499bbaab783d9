"""The ``bench`` command: one file per subcommand, which imports what it needs when it runs."""

from __future__ import annotations

import io
import os
import signal
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer

from bench.cli.check import check
from bench.cli.compare import compare
from bench.cli.data import data
from bench.cli.drop import drop
from bench.cli.figure import figure
from bench.cli.list import list_
from bench.cli.merge import merge
from bench.cli.plot import plot
from bench.cli.protocols import protocols
from bench.cli.reproduce import reproduce
from bench.cli.rescore import rescore
from bench.cli.run import run
from bench.cli.score import score
from bench.errors import BenchError

app = typer.Typer(
    name="bench",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
for _command in (
    *(run, plot, reproduce, figure, compare, score, rescore, protocols, merge, drop),
    *(check, data),
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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks arrows shows "?" instead
            stream.reconfigure(errors="replace")
    # A scheduler's polite end is treated as Ctrl-C: keep what is done, say how to continue.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(_status(arguments))


def _status(arguments: list[str] | None) -> int:
    try:
        returned: Any = app(arguments, prog_name="bench", standalone_mode=False)
    except BenchError as error:
        typer.echo(f"bench: {error}", err=True)
        return error.exit_status
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("bench: interrupted", err=True)
        return 130
    except Exception as error:
        if not hasattr(error, "show"):  # only the parser's own errors know how to show themselves
            raise
        error.show()
        return 1  # the parser's default is 2, which here means that cells failed
    return returned if isinstance(returned, int) else 0
