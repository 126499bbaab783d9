"""``bench drop``: rows leave a results file, so that their cells can run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import opened, options, output, values
from bench.errors import UsageError, hint
from reports.data.words import counted

if TYPE_CHECKING:
    import pandas as pd

    from bench.planning.selection import Term
    from bench.storage.dropping import Choose, Flags


def drop(
    results: Annotated[Path, typer.Argument(help="What `bench run` wrote.")],
    methods: Annotated[
        str,
        typer.Option(
            help="Methods to drop: names, globs and grids, as for `bench run`.", show_default=False
        ),
    ] = "",
    labels: Annotated[
        str,
        typer.Option(help="Labels to drop, as patterns: 'SLIC*,FH'.", show_default=False),
    ] = "",
    n: Annotated[str, typer.Option("--n", help="Only of these counts.", show_default=False)] = "",
    status: Annotated[
        str, typer.Option(help="Only with these statuses: failed,timeout.", show_default=False)
    ] = "",
    with_labels: Annotated[
        bool, typer.Option("--with-labels", help="Remove their stored label maps, too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be dropped.")
    ] = False,
    quiet: options.Quiet = False,
) -> int:
    """Remove rows from a results file and its .run folder; the same `bench run` runs them again.

    A row goes if all that is given holds for it. Label maps stay unless --with-labels is given.
    """
    from bench.storage.dropping import drop_rows

    if not results.exists():
        opened.recover(results, quiet)
    done = drop_rows(results.resolve(), _chooser(methods, labels, n, status), with_labels, dry_run)
    console = output.make_console(quiet)
    verb = "would be dropped" if dry_run else "dropped"
    for label, rows in done.labels:
        console.print(f"{label}: {counted(rows, 'row')}", highlight=False, markup=False)
    maps = (
        f", {counted(done.label_maps, 'label map')} removed" if with_labels and not dry_run else ""
    )
    console.print(
        f"{counted(done.rows, 'row')} {verb}, {counted(done.kept, 'row')} kept in {results}{maps}",
        highlight=False,
        markup=False,
    )
    return 0


def _chooser(methods: str, labels: str, n: str, status: str) -> Choose:
    """Turn the options into one question to all rows."""
    import numpy as np

    asked = [
        make(text)
        for make, text in (
            (_of_methods, methods),
            (_of_labels, labels),
            (_of_counts, n),
            (_of_statuses, status),
        )
        if text
    ]
    if not asked:
        raise UsageError("say which rows to drop: --methods, --labels, --n, --status")

    def choose(frame: pd.DataFrame) -> Flags:
        chosen: Flags = np.logical_and.reduce([question(frame) for question in asked])
        return chosen

    return choose


def _of_methods(text: str) -> Choose:
    from bench.planning.selection import parse_terms

    terms = parse_terms(text)
    for term in terms:
        if term.label:
            raise UsageError(
                f"--methods: {term.label!r} in {text!r} is a label; give it by --labels"
            )

    def choose(frame: pd.DataFrame) -> Flags:
        import pandas as pd

        # A file has few kinds of rows, and many rows of each.
        columns = ["method", "params"]
        kinds = list(frame[columns].drop_duplicates().itertuples(index=False, name=None))
        wanted = []
        for term in terms:
            its = [kind for kind in kinds if _is_of(term, *kind)]
            if not its:
                named = sorted({method for method, _ in kinds})
                raise UsageError(
                    f"--methods: no row is of {text!r}{hint(term.pattern, named)}; the methods in "
                    f"the file are {', '.join(named)}, their parameters in the column params"
                )
            wanted += its
        return pd.MultiIndex.from_frame(frame[columns]).isin(wanted)

    return choose


def _is_of(term: Term, method: str, params: str) -> bool:
    from fnmatch import fnmatchcase

    from bench.storage.dropping import parameters_match

    named = term.pattern == "all" or fnmatchcase(method, term.pattern)
    return named and parameters_match(params, term.grid)


def _of_labels(text: str) -> Choose:
    from reports.data.labels import matches, tell_apart

    patterns = values.split_names("--labels", text)

    def choose(frame: pd.DataFrame) -> Flags:
        labels = tell_apart(frame)["label"].astype(str)
        known = sorted(labels.unique())
        for pattern in patterns:
            if not any(matches(label, [pattern]) for label in known):
                raise UsageError(
                    f"--labels: no label is like {pattern!r}{hint(pattern, known)}; the file has"
                    f" {', '.join(known)}"
                )
        return labels.isin([label for label in known if matches(label, patterns)]).to_numpy()

    return choose


def _of_counts(text: str) -> Choose:
    from bench.planning.selection import parse_integers

    counts = parse_integers(text, "--n", least=1)
    return lambda frame: frame["n"].isin(counts).to_numpy()


def _of_statuses(text: str) -> Choose:
    from bench.errors import hint
    from reports.data.schema import STATUSES

    names = values.split_names("--status", text)
    for name in names:
        if name not in STATUSES:
            raise UsageError(
                f"--status: unknown {name!r}{hint(name, STATUSES)}; there are {', '.join(STATUSES)}"
            )
    return lambda frame: frame["status"].isin(names).to_numpy()
