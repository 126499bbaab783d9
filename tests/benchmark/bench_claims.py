"""The networks and the parts of the proposed one, at equal returned count, from results files.

``python -m tests.benchmark.bench_claims RESULTS.parquet [MORE.parquet ...]`` after `bench run` of
the networks, of the proposed one without its parts, and of ``cvslic`` at many counts
(docs/networks.md has the command); the reference results have all but the parts. Scores are
compared with OpenCV's SLIC at the count that was returned, interpolated on each image over the
logarithm of the count, and these differences with each other, paired by image; the networks with
classical methods, too, where they are there.
"""

import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from reports.statistics.intervals import mean_interval

SCORES = ("asa", "br_r2")
LADDER = "cvslic"
NETWORKS = ("rim", "ea", "proposed")
CLASSICAL = ("slic", "seeds", "fh", "lsc", "etps", "snic", "ers", "sh")


def ahead_of_ladder(results: pd.DataFrame, method: str = LADDER) -> pd.DataFrame:
    """Return the rows of the networks with their scores minus those of a ladder, equal counts."""
    ok = results[results["status"] == "ok"]
    ladder = ok[ok["method"] == method].sort_values("n_labels").groupby("image")
    steps = {image: (np.log(rows["n_labels"]), rows) for image, rows in ladder}
    rows = ok[ok["method"].isin(NETWORKS)].copy()
    for score in SCORES:
        there = [
            np.interp(np.log(count), steps[image][0], steps[image][1][score], np.nan, np.nan)
            if image in steps
            else np.nan
            for image, count in zip(rows["image"], rows["n_labels"], strict=True)
        ]
        rows[f"{score}_ahead"] = rows[score] - there
    return rows


def wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a column by image and label."""
    return rows.pivot_table(column, "image", "label")


def cell(values: pd.Series) -> str:
    """Write a mean with its 95 % interval over images."""
    known = values.dropna().to_numpy()
    low, high = (ends[0] for ends in mean_interval(known[:, None]))
    return f"{known.mean():+.3f} ({low:+.3f}, {high:+.3f})"


def print_labels(rows: pd.DataFrame) -> None:
    """Print means of each label, and how far it is ahead of OpenCV's SLIC."""
    print("\n| label | images | count | asa | br_r2 | asa, at equal count | br_r2 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for label, own in rows.groupby("label"):
        means = own[["n_labels", *SCORES]].mean()
        cells = [str(len(own)), f"{means['n_labels']:.0f}", *(f"{means[s]:.3f}" for s in SCORES)]
        print(f"| {label} | {' | '.join([*cells, *(cell(own[f'{s}_ahead']) for s in SCORES)])} |")


def print_pairs(rows: pd.DataFrame) -> None:
    """Print how far each label is ahead of each later one, on the images of both."""
    counts, *ahead = (wide(rows, c) for c in ("n_labels", *(f"{s}_ahead" for s in SCORES)))
    print("\n| minus | images | count | asa, at equal count | br_r2 |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for one, other in combinations(counts.columns, 2):
        images = len(counts[[one, other]].dropna())
        if images > 1:
            more = (counts[one] - counts[other]).mean()
            cells = [cell(each[one] - each[other]) for each in ahead]
            print(f"| {one} minus {other} | {images} | {more:+.0f} | {' | '.join(cells)} |")


def print_classical(results: pd.DataFrame, n: int) -> None:
    """Print how far each network is ahead of the paper's classical methods at its own count."""
    print("\n| minus | images | asa, at equal count | br_r2 |")
    print("| --- | ---: | ---: | ---: |")
    for method in CLASSICAL:
        ahead = ahead_of_ladder(results, method)
        for label, rows in ahead[ahead["n"] == n].groupby("label"):
            known = rows[f"{SCORES[0]}_ahead"].count()
            if known > 1:
                cells = (cell(rows[f"{score}_ahead"]) for score in SCORES)
                print(f"| {label} minus {method} | {known} | {' | '.join(cells)} |")


def main(paths: list[Path]) -> None:
    """Print the tables for every n."""
    results = pd.concat([pd.read_parquet(path) for path in paths])
    for n, rows in ahead_of_ladder(results).groupby("n"):
        print(f"\nn = {n}")
        print_labels(rows)
        print_pairs(rows)
        print_classical(results, int(n))


if __name__ == "__main__":
    main([Path(path) for path in sys.argv[1:]])
