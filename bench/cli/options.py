"""Options that several commands share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from bench.datasets import Dataset


def complete_methods(incomplete: str) -> list[str]:
    """Offer method names to the shell; the last one of a comma-separated list is completed."""
    from methods import list_methods

    head, comma, last = incomplete.rpartition(",")
    return [f"{head}{comma}{name}" for name in ["all", *list_methods()] if name.startswith(last)]


def complete_datasets(incomplete: str) -> list[str]:
    """Offer data set names to the shell."""
    from bench.datasets import DATASETS

    return [name for name in DATASETS if name.startswith(incomplete)]


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
Split = Annotated[str | None, typer.Option("--split", help="Part of the data set: val, test ...")]
Limit = Annotated[int | None, typer.Option("--limit", help="Use only the first so many images.")]
Out = Annotated[Path, typer.Option("--out", help="Results file to write or to continue.")]
Workers = Annotated[
    int | None, typer.Option("--workers", help="Worker processes.", show_default="one per core")
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugin", help="Python file with methods of your own; may be repeated."),
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


def make_console(quiet: bool) -> Console:
    """Return the console that progress goes to: standard error, so that pipes do not end a run."""
    from rich.console import Console

    return Console(quiet=quiet, soft_wrap=True, stderr=True)


def load_plugins(plugins: list[Path] | None) -> tuple[Path, ...]:
    """Load plugin files, so that their methods have names.

    Raises
    ------
    UsageError
        If a file does not exist, fails to import or takes a name that is in use.
    """
    from bench.errors import UsageError
    from methods.registry import PluginError, load_plugin_file

    paths = tuple(path.resolve() for path in plugins or ())
    for path in paths:
        try:
            load_plugin_file(path)
        except PluginError as error:
            raise UsageError(f"--plugin: {error}") from error
    return paths


def find_dataset(name: str, root: Path | None, split: str | None, limit: int | None) -> Dataset:
    """Open the data set that the options name.

    Raises
    ------
    UsageError
        If there is no such data set, folder, split or image.
    """
    from bench.datasets import DatasetError, open_dataset
    from bench.errors import UsageError

    if limit is not None and limit < 1:
        raise UsageError(f"--limit: {limit} is too small; the least value is 1")
    try:
        return open_dataset(name, root=root, split=split, limit=limit)
    except DatasetError as error:
        raise UsageError(str(error)) from error


def count_workers(workers: int | None) -> int:
    """Return how many workers to use; by default one for each core that this process may use."""
    from joblib import cpu_count

    from bench.errors import UsageError

    if workers is None:
        return int(cpu_count())
    if workers < 1:
        raise UsageError(f"--workers: {workers} is too small; the least value is 1")
    return workers


def results_file(out: Path) -> Path:
    """Check the name of a results file.

    Raises
    ------
    UsageError
        If it is a folder or does not end in ``.parquet``.
    """
    from bench.errors import UsageError

    try:
        if out.suffix != ".parquet" or out.is_dir():
            raise UsageError(f"--out: '{out}' is no name for a results file; end it in .parquet")
        return out.resolve()
    except OSError as error:
        raise UsageError(f"--out: '{out}' cannot be used: {error.strerror}") from error
