"""What the options of several commands say, checked and turned into values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.datasets import Dataset
    from bench.datasets.reading import Reading
    from bench.scoring.score import Scoring
    from metrics import Protocol
    from metrics.protocols import Connectivity


def make_scoring(
    protocol: str, file: Path | None, connectivity: str | None, metrics: str
) -> Scoring:
    """Check the options that say how label maps are scored.

    Raises
    ------
    UsageError
        For an unknown protocol or metric, or a file of protocols that is not valid.
    """
    from bench.scoring.score import Scoring

    chosen = choose_protocols([protocol], file)[0]
    scoring = Scoring(chosen, choose_metrics(metrics))
    return scoring if connectivity is None else scoring.connected(choose_connectivity(connectivity))


def choose_connectivity(name: str) -> Connectivity:
    """Check what is to be done to labels in several 4-connected parts before they are scored.

    Raises
    ------
    UsageError
        If there is no such treatment.
    """
    from bench.errors import UsageError
    from metrics.protocols import CONNECTIVITIES

    for known in CONNECTIVITIES:
        if name == known:
            return known
    raise UsageError(f"--connectivity: unknown '{name}'; there are {', '.join(CONNECTIVITIES)}")


def choose_protocols(names: Sequence[str], file: Path | None) -> list[Protocol]:
    """Find protocols among the built-in ones and those of a file; all if none is named.

    Raises
    ------
    UsageError
        If one is unknown, or the file is not valid.
    """
    from bench.errors import UsageError
    from metrics import PROTOCOLS, ProtocolError, get_protocol, load_protocols

    try:
        own = {} if file is None else load_protocols(file)
    except ProtocolError as error:
        raise UsageError(f"--protocol-file: {error}") from error
    known = PROTOCOLS | own
    try:
        return [get_protocol(name, known) for name in dict.fromkeys(names or known)]
    except ProtocolError as error:
        raise UsageError(
            f"--protocol: {error}; one of your own needs --protocol-file, several side by side"
            " 'bench protocols'"
        ) from error


def choose_metrics(text: str) -> tuple[str, ...]:
    """Read ``default,gr`` into metric ids, each once.

    Raises
    ------
    UsageError
        If one is unknown, or none is named.
    """
    from bench.errors import UsageError
    from metrics import METRICS, RECORDED, get_metric

    groups = {"default": RECORDED, "all": tuple(METRICS)}
    parts = split_names("--metrics", text)
    try:
        ids = [id for part in parts for id in groups.get(part) or (get_metric(part).id,)]
    except ValueError as error:
        raise UsageError(f"--metrics: {error}; one of your own needs --plugin FILE") from error
    return tuple(dict.fromkeys(ids))


def split_names(option: str, text: str) -> list[str]:
    """Read names with commas between, each once.

    A comma inside brackets or quotes is part of a name: ``SLIC[compactness=1.0,sigma=1.0],FH``.

    Raises
    ------
    UsageError
        If there is none, or a bracket or quote is not closed.
    """
    from bench.errors import UsageError
    from bench.planning.selection import split, unquote

    parts = [unquote(part) for part in split(text, ",", option) if part]
    if not parts:
        raise UsageError(f"{option}: {text!r} names nothing; give names with commas between")
    return list(dict.fromkeys(parts))


def split_metrics(option: str, text: str) -> list[str]:
    """Read metric ids with commas between.

    Raises
    ------
    UsageError
        If there is none, or one is unknown.
    """
    from bench.errors import UsageError
    from metrics import get_metric

    try:
        return [get_metric(name).id for name in split_names(option, text)]
    except ValueError as error:
        raise UsageError(f"{option}: {error}; one of your own needs --plugin FILE") from error


def split_patterns(only: str, without: str) -> tuple[list[str], list[str]]:
    """Read the labels to show and those to leave out.

    Raises
    ------
    UsageError
        If none is to be shown.
    """
    return split_names("--only", only), split_names("--without", without) if without else []


def read_patterns(option: str, texts: Sequence[str] | None) -> list[str]:
    """Read patterns of labels from an option that may be repeated, each once.

    Raises
    ------
    UsageError
        If one of the texts names none.
    """
    patterns = [name for text in texts or () for name in split_names(option, text)]
    return list(dict.fromkeys(patterns))


def read_renames(texts: Sequence[str] | None) -> dict[str, str]:
    """Read ``OLD=NEW``; a label with an equals sign outside brackets needs quotes around it.

    Raises
    ------
    UsageError
        If one is no pair of labels, or a label is given two names.
    """
    from bench.errors import UsageError
    from bench.planning.selection import split, unquote

    names: dict[str, str] = {}
    for text in texts or ():
        parts = [unquote(part) for part in split(text, "=", "--rename")]
        if len(parts) != 2 or not all(parts):
            raise UsageError(f"--rename: '{text}' is no pair of labels; write OLD=NEW")
        old, new = parts
        if names.setdefault(old, new) != new:
            raise UsageError(f"--rename: '{old}' is given two names; give it one")
    return names


def load_plugins(plugins: list[Path] | None) -> tuple[Path, ...]:
    """Load plugin files and installed metrics, so that what they register has a name.

    Raises
    ------
    UsageError
        If a file does not exist, fails to import, registers nothing or takes a name that is in use.
    """
    from bench.execution.plugins import load_plugins

    paths = tuple(path.resolve() for path in plugins or ())
    load_plugins(paths)
    return paths


def make_reading(exif: str | None, void: str | None) -> Reading:
    """Check the options that say how the files of a data set are read.

    Raises
    ------
    UsageError
        If ``--exif`` is unknown, or ``--void`` names something that is no whole number.
    """
    from bench.datasets.reading import EXIFS, Reading
    from bench.errors import UsageError

    chosen = next((known for known in EXIFS if known == (exif or EXIFS[0])), None)
    if chosen is None:
        raise UsageError(f"--exif: unknown '{exif}'; there are {', '.join(EXIFS)}")
    values = []
    for word in split_names("--void", void) if void is not None else []:
        try:
            values.append(int(word))
        except ValueError:
            raise UsageError(
                f"--void: '{word}' is no whole number; name values of annotations, such as 255"
            ) from None
    return Reading(chosen, tuple(dict.fromkeys(values)))


def reread(before: Reading, exif: str | None, void: str | None) -> Reading:
    """Return how files were read, changed where an option says so.

    Raises
    ------
    UsageError
        As `make_reading`.
    """
    asked = make_reading(exif, void)
    return replace(
        before,
        exif=before.exif if exif is None else asked.exif,
        void=before.void if void is None else asked.void,
    )


def warn_of_broken_plugins(methods: str, metrics: str = "default") -> bool:
    """Say on stderr which installed plugins would be among what is asked for, but cannot be used.

    Returns whether there are any: what is asked for is then not all done.
    """
    from fnmatch import fnmatchcase

    import typer

    from bench.planning.selection import parse_terms
    from methods.registry import entries

    patterns = ["*" if term.pattern == "all" else term.pattern for term in parse_terms(methods)]
    lines = [
        f"method '{entry.name}' of {entry.origin} is left out, it cannot be used: {entry.error}"
        for entry in entries()
        if entry.error and any(fnmatchcase(entry.name, pattern) for pattern in patterns)
    ]
    for line in lines:
        typer.echo(f"bench: {line}", err=True)
    return warn_of_broken_metrics(metrics) or bool(lines)


def warn_of_broken_metrics(metrics: str) -> bool:
    """Say on stderr which installed metrics would be among what is asked for, but cannot be used.

    Returns whether there are any.
    """
    import typer

    from metrics.base import load_installed

    broken = load_installed() if "all" in split_names("--metrics", metrics) else {}
    for name, why in broken.items():
        typer.echo(f"bench: metric '{name}' is left out, it cannot be used: {why}", err=True)
    return bool(broken)


def find_dataset(
    name: str,
    root: Path | None,
    split: str | None,
    limit: int | None,
    partial: bool = False,
    reading: Reading | None = None,
    spread: bool = False,
) -> Dataset:
    """Open the data set that the options name, and say on stderr what of it is left out.

    That is said even to who wants to hear nothing, since scores depend on it.

    Raises
    ------
    UsageError
        If there is no such data set, folder, split or image, or if the split is not whole and
        neither `partial` nor a limit says that a part will do.
    """
    import typer

    from bench.datasets import DatasetError, open_dataset
    from bench.errors import UsageError

    if limit is not None and limit < 1:
        raise UsageError(f"--limit: {limit} is too small; the least value is 1")
    if spread and limit is None:
        raise UsageError("--spread chooses images where --limit says how many; give both")
    try:
        dataset = open_dataset(
            name, root=root, split=split, limit=limit, reading=reading, spread=spread
        )
    except DatasetError as error:
        raise UsageError(str(error)) from error
    if dataset.lacking:
        what = f"{dataset.identity} in {dataset.root} is not whole: {dataset.lacking}"
        if limit is None and not partial:
            fetch = f"fetch the rest with 'bench data {name}', " if name == "bsds500" else ""
            raise UsageError(f"{what}; {fetch}or run on what is there by --partial or --limit")
        typer.echo(f"Warning: {what}", err=True)
    for line in dataset.unread():
        typer.echo(f"Warning: {line}", err=True)
    return dataset


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
