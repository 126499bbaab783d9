"""``bench data``: say which data sets are here; fetch and verify BSDS500."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.errors import UsageError
from reports.data.words import counted

if TYPE_CHECKING:
    from bench.datasets.download import Outcome

_NOTICE = (
    "BSDS500 is for non-commercial research and education; cite Arbelaez, Maire, Fowlkes, Malik,"
    " TPAMI 2011."
)

_SHOWN_FAILURES = 5
URL_VARIABLE = "SUPERPIXEL_BENCH_BSDS500_URL"


def data(
    dataset: Annotated[
        str | None, typer.Argument(help="bsds500; without it, say what is here.")
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder to put the files in (default: the user's cache).")
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="train, val or test; repeatable (default: all three).")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only check what is there, fetch nothing.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(envvar=URL_VARIABLE, hidden=True, help="Another mirror's base URL."),
    ] = None,
) -> int:
    """Download and verify BSDS500.

    Run it again to resume. The environment variable SUPERPIXEL_BENCH_BSDS500_URL names
    another mirror, as a base URL.
    """
    if dataset is None:
        return _list()
    if dataset == "bsds500":
        return _bsds500(root, split or [], verify, url)
    if dataset == "sample":
        typer.echo("The data set 'sample' is embedded: nothing to download.")
        return 0
    if dataset == "folder":
        typer.echo("The data set 'folder' is your own: bench run --dataset folder --root DIR")
        return 0
    from bench.datasets.registry import DATASETS
    from bench.errors import hint

    raise UsageError(
        f"unknown data set '{dataset}'{hint(dataset, DATASETS)} (known: {', '.join(DATASETS)})"
    )


def _list() -> int:
    from bench.datasets import DATASETS
    from bench.datasets.bsds500 import SPLITS, download_folder

    for name, entry in DATASETS.items():
        typer.echo(f"{name:8}  {entry.title}")
    folder = download_folder(None)
    for split in SPLITS:
        count = len(list((folder / "images" / split).glob("*.jpg")))
        cure = f"not here; fetch it with 'bench data bsds500 --split {split}'"
        here = f"{counted(count, 'image')} in {folder}"
        typer.echo(f"bsds500 {split}: {here if count else cure}")
    return 0


def _bsds500(root: Path | None, splits: list[str], only_verify: bool, url: str | None) -> int:
    from bench.datasets import download
    from bench.datasets.base import expand
    from bench.datasets.bsds500 import SPLITS, download_folder
    from bench.errors import hint

    for split in splits:
        if split not in SPLITS:
            raise UsageError(
                f"--split: bsds500 has no split '{split}'{hint(split, SPLITS)}"
                f" (known: {', '.join(SPLITS)})"
            )
    folder = download_folder(expand(root) if root else None)
    hashes = download.of_splits(download.read_hashes(), splits or SPLITS)
    if only_verify:
        outcomes = download.verify(folder, hashes)
    else:
        source = url or download.BASE_URL
        typer.echo(f"{_NOTICE}\nFetching {counted(len(hashes), 'file')} to {folder} from {source}")
        outcomes = download.fetch(folder, hashes, source)
    done: list[Outcome] = []
    try:
        for outcome in _shown(outcomes, len(hashes)):
            done.append(outcome)  # noqa: PERF402 (kept when the user interrupts)
    except KeyboardInterrupt:
        kept = sum(outcome.status != "failed" for outcome in done)
        typer.echo(
            f"{counted(kept, 'file')} kept in {folder}; the same command goes on from there",
            err=True,
        )
        raise
    except OSError as error:
        raise UsageError(
            f"cannot write to {folder}: {error.strerror or error}; choose another folder by --root"
        ) from error
    return _report(done, folder, only_verify, f" --root {folder}" if root else "")


def _report(done: list[Outcome], folder: Path, only_verify: bool, option: str) -> int:
    from bench.datasets.download import NOT_TRIED

    failed = sorted(
        (outcome for outcome in done if outcome.status == "failed"),
        key=lambda outcome: (outcome.reason == NOT_TRIED, outcome.path),
    )
    if failed:
        for outcome in failed[:_SHOWN_FAILURES]:
            typer.echo(f"  {outcome.path}: {outcome.reason}", err=True)
        if len(failed) > _SHOWN_FAILURES:
            typer.echo(f"  ... and {len(failed) - _SHOWN_FAILURES} more", err=True)
        cure = "run the same command again; what is there is kept"
        if failed[-1].reason == NOT_TRIED:
            cure = (
                "the mirror cannot be reached: check the network and run the same command again, "
                f"or name another mirror in {URL_VARIABLE}"
            )
        elif only_verify:
            cure = f"'bench data bsds500{option}' fetches them"
        files = f"{counted(len(done), 'file')} {'is' if len(done) == 1 else 'are'}"
        typer.echo(f"{len(failed)} of {files} missing or wrong; {cure}", err=True)
        return 1
    fetched = sum(outcome.status == "downloaded" for outcome in done)
    new = "" if only_verify else f" ({fetched} of them new)"
    typer.echo(f"{counted(len(done), 'file')} complete and verified in {folder}{new}")
    typer.echo(f"Use them:  bench run --dataset bsds500{option} --methods all --n 100,200")
    return 0


def _shown(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    """Pass the outcomes on and show the progress: a bar on a terminal, a line now and then else."""
    import sys

    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        yield from track(
            outcomes, "bsds500", total=total, console=Console(stderr=True), transient=True
        )
        return
    good = 0
    for outcome in outcomes:
        yield outcome
        good += outcome.status != "failed"
        if outcome.status != "failed" and (good % 100 == 0 or good == total):
            typer.echo(f"{good} of {counted(total, 'file')}", err=True)
