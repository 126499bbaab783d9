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
        Path | None,
        typer.Option(help="Folder to put the files in, or to look in (default: the user's cache)."),
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
        if verify:
            raise UsageError("--verify: say which data set, 'bench data bsds500 --verify'")
        return _list(root, split or [])
    if dataset == "bsds500":
        return _bsds500(root, split or [], verify, url)
    if dataset in ("sample", "folder") and verify:
        raise UsageError(f"--verify: the files of '{dataset}' are in no list; bsds500 has one")
    if dataset == "sample":
        if root is not None:
            raise UsageError(f"--root: 'sample' is embedded, nothing of it is in {root}")
        typer.echo("The data set 'sample' is embedded: nothing to download.")
        return 0
    if dataset == "folder":
        return _folder(root, split or [])
    from bench.datasets.registry import DATASETS
    from bench.errors import hint

    raise UsageError(
        f"unknown data set '{dataset}'{hint(dataset, DATASETS)} (known: {', '.join(DATASETS)})"
    )


def _list(root: Path | None, splits: list[str]) -> int:
    from bench.datasets.base import expand
    from bench.datasets.bsds500 import SPLITS, download_folder
    from bench.datasets.registry import entries

    _check_splits(splits)
    if root is not None and not expand(root).is_dir():
        raise UsageError(f"--root: {root} is no folder; give the folder to look in")
    for name, entry in entries().items():
        typer.echo(f"{name:8}  {entry.title or f'cannot be used: {entry.error}'}")
    folder = download_folder(expand(root) if root else None)
    for split in splits or SPLITS:
        typer.echo(f"bsds500 {split}: {_what_is_here(folder, split, root)}")
    return 0


def _folder(root: Path | None, splits: list[str]) -> int:
    """Say what is in a folder of the user's own, and what of it belongs to no image."""
    if root is None:
        typer.echo("The data set 'folder' is your own: bench run --dataset folder --root DIR")
        return 0
    from bench.datasets import DatasetError
    from bench.datasets.base import expand
    from bench.datasets.folder import Folder

    for split in splits or [""]:
        try:
            here = Folder(expand(root), split)
        except DatasetError as error:
            raise UsageError(str(error)) from error
        images, maps = counted(len(here.names), "image"), counted(here.annotations, "annotation")
        typer.echo(f"folder{f' {split}' if split else ''}: {images}, {maps} in {here.root}")
        for line in here.unread():
            typer.echo(f"Warning: {line}", err=True)
    return 0


def _what_is_here(folder: Path, split: str, root: Path | None) -> str:
    """Count the images and annotations of a split of BSDS500, and name the cure if some lack."""
    from bench.datasets.bsds500 import published_names

    where = f" --root {folder}" if root else ""
    cure = f"fetch {{}} with 'bench data bsds500 --split {split}{where}'"
    published = published_names(split)
    images = {path.stem for path in (folder / "images" / split).glob("*.jpg")}
    truths = {path.stem for path in (folder / "groundTruth" / split).glob("*.mat")}
    if not images and not truths:
        return f"not here; {cure.format('it')}"
    whole = published == images == truths
    of = "" if whole else f" of {len(published)}"
    found = f"{len(images)}{of} images, {counted(len(truths), 'annotation file')} in {folder}"
    return found if published <= images & truths else f"{found}; {cure.format('the rest')}"


def _check_splits(splits: list[str]) -> None:
    from bench.datasets.bsds500 import SPLITS
    from bench.errors import hint

    for split in splits:
        if split not in SPLITS:
            raise UsageError(
                f"--split: bsds500 has no split '{split}'{hint(split, SPLITS)}"
                f" (known: {', '.join(SPLITS)})"
            )


def _bsds500(root: Path | None, splits: list[str], only_verify: bool, url: str | None) -> int:
    from bench.datasets import download
    from bench.datasets.base import expand
    from bench.datasets.bsds500 import SPLITS, download_folder

    _check_splits(splits)
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
