"""Rows of perturbed images: never in a mean with those of the images as they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from reports.data.results import load
from reports.data.schema import COLUMNS, check_results
from reports.data.words import counted, few

PERTURBATION = "perturbation"
STABILITY = "stability"


def left_out_note(path: Path, cure: str) -> str:
    """Say how many rows of a file are of perturbed images, and what shows them; empty if none.

    Raises
    ------
    ResultsError
        If the file cannot be used.
    """
    ways = load(path, [PERTURBATION])[PERTURBATION].dropna()
    if ways.empty:
        return ""
    return f"{left_out(ways.astype(str))}; {cure}"


def left_out(ways: Collection[str]) -> str:
    """Say how many rows are left out, given how the image of each was perturbed."""
    names = few(sorted(set(ways)), 6)
    return f"{counted(len(ways), 'row')} of perturbed images ({names}) are left out here"


def load_with_perturbed(path: Path, metrics: Sequence[str]) -> pd.DataFrame | None:
    """Load all rows with some metrics and the stability of labels; None if no image is perturbed.

    Raises
    ------
    ResultsError
        If the file cannot be used.
    """
    if PERTURBATION not in check_results(path).names:
        return None
    if not load(path, [PERTURBATION])[PERTURBATION].notna().any():
        return None
    return load(path, (*COLUMNS, *metrics, STABILITY))


def named_apart(labels: pd.Series[str], frame: pd.DataFrame) -> pd.Series[str]:
    """Append to the labels of rows how their images were perturbed: ``SLIC (blur:2)``."""
    how = frame[PERTURBATION].astype(object)
    return labels.where(how.isna(), labels + " (" + how.astype(str) + ")")
