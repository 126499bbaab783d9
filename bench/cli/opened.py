"""The results files that commands read: what a killed run left of one, and others beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench.cli.output import note
from reports.data.words import counted


def recover(results: Path, quiet: bool = False) -> None:
    """Make a results file that a killed run did not write, from its finished rows, and say so.

    Every command that reads a results file calls this first.

    Raises
    ------
    UsageError
        If the run is still going on, or has finished nothing.
    StorageError
        If the file cannot be written.
    """
    from bench.storage.recovery import recover as recover_rows

    found, folder = recover_rows(results), results.parent / f"{results.stem}.run"
    if found.rows:
        rows = counted(found.rows, "finished row")
        note(
            f"{results} was not there; it is written from {rows} in {folder}; the same `bench run`"
            " continues that run",
            quiet,
        )
    if found.waiting:
        note(
            f"{results} is older than the rows in {folder}; the same `bench run` brings it up to"
            " date",
            quiet,
        )


def read_with(texts: Sequence[str] | None) -> str | None:
    """Read what is to be set beside a results file.

    Raises
    ------
    UsageError
        If it is empty or misspelt, or there are several.
    """
    from bench.errors import UsageError
    from metrics.names import did_you_mean
    from reports.data.reference import REFERENCE

    others = list(dict.fromkeys(texts or ()))
    if not all(others):
        raise UsageError("--with: '' names nothing; give a results file, or 'reference'")
    if len(others) > 1:
        raise UsageError(
            f"--with takes one file, not {' and '.join(map(repr, others))}; give one of them, or"
            " what `bench merge A.parquet B.parquet --out BOTH.parquet` makes of results files"
        )
    if not others:
        return None
    (other,) = others
    named = other == REFERENCE or Path(other).suffix or Path(other).exists()
    if not named and did_you_mean(other, [REFERENCE]):
        raise UsageError(f"--with: there is no file {other!r}; did you mean {REFERENCE!r}?")
    return other


@contextmanager
def beside(
    results: Path, other: str | None, allow_mixed: bool = False, quiet: bool = False
) -> Iterator[Path]:
    """Yield a results file with the rows of ``--with`` beside its own, which it tells apart.

    It lasts as long as the context. Without ``--with`` it is the file itself.

    Raises
    ------
    UsageError
        If the files do not go together, or there is nothing to put beside.
    StorageError
        If there is no room for it in the folder for temporary files.
    """
    recover(results, quiet)
    if other is None:
        yield results
        return
    from tempfile import TemporaryDirectory

    from bench.errors import UsageError
    from bench.storage.files import storage_errors
    from bench.storage.joining import join
    from bench.storage.parts import write_parquet
    from reports.data.reference import REFERENCE, reference_files

    files = reference_files() if other == REFERENCE else [Path(other)]
    if not files:
        raise UsageError(
            "--with reference: no reference results came with this installation; docs/reference.md"
            " says how they are made, or give --with a results file"
        )
    for file in files:
        recover(file, quiet)
    name = REFERENCE if other == REFERENCE else Path(other).stem
    table = join(results, files, name, allow_mixed, partial(note, quiet=quiet))
    with TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / with_name(results, other).name
        with storage_errors(path):
            write_parquet(path, table)
        yield path


def with_name(results: Path, other: str | None) -> Path:
    """Return what is made of a file and ``--with`` is named after: ``r-with-reference.parquet``."""
    if other is None:
        return results
    return results.with_stem(f"{results.stem}-with-{Path(other).stem}")
