"""A figure in two steps, its numbers and then its drawing, and what the figures of results see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reports.data.results import Floats
from reports.data.words import few
from reports.figures.emphasis import highlighted, in_colour
from reports.figures.style import Style, styles_for
from reports.statistics.aggregate import Analysis
from reports.statistics.pieces import labels_in_pieces


class CannotDrawError(Exception):
    """The results do not have what a figure shows; the message says what is lacking."""


@dataclass(frozen=True, eq=False)
class Chart:
    """A figure that is not drawn yet.

    Attributes
    ----------
    name : str
        What its file is called, ``curves``.
    numbers : DataFrame
        All that it shows, one row for each mark.
    draw : callable
        Draws it, in the style that is set when it is called.
    """

    name: str
    numbers: pd.DataFrame
    draw: Callable[[], Figure]


@dataclass(frozen=True, eq=False)
class View:
    """What figures of the results on one data set split are made from.

    Attributes
    ----------
    analysis : Analysis
        The means, medians and values by image.
    metrics : tuple of str
        The metrics that the user asked for; the first decides which label is better.
    rows : DataFrame
        The cells of this data set split, for what the analysis does not have.
    at : float, optional
        The count that a figure of one count is of.
    highlight : sequence of str
        Patterns of labels that are in colour whatever they score; beside others' one's own
        unless given.
    budget : float, optional
        Seconds that an image may take.
    pairs : sequence of (str, str)
        Labels to set against each other image by image.
    machine : str
        What times were taken on, in a few words.
    perturbed : DataFrame, optional
        The rows of perturbed images beside those of the images as they are, if there are any.
    """

    analysis: Analysis
    metrics: tuple[str, ...]
    rows: pd.DataFrame
    at: float | None = None
    highlight: Sequence[str] = ()
    budget: float | None = None
    pairs: Sequence[tuple[str, str]] = ()
    machine: str = ""
    perturbed: pd.DataFrame | None = None
    note: Callable[[str], None] = field(default=lambda _: None)

    @cached_property
    def styles(self) -> dict[str, Style]:
        """The look of every label, the same in all figures."""
        return styles_for(set(self.analysis.aligned.labels), self.coloured)

    @cached_property
    def highlighted(self) -> frozenset[str]:
        """The labels that are in colour whatever they score."""
        return highlighted(self.analysis.aligned, self.highlight)

    @cached_property
    def coloured(self) -> frozenset[str]:
        """The labels that are in colour: all of a few; of many the best and the named ones."""
        first = self.metrics[0]
        return in_colour(self.analysis.points[first], first, self.highlighted)

    @cached_property
    def count(self) -> float:
        """The count of figures of one count: `at`, or the asked n in the middle; NaN if no n."""
        if self.at is not None:
            return self.at
        ns: Floats = np.unique(self.analysis.aligned.ns)
        asked = ns[np.isfinite(ns)]
        return float(asked[(len(asked) - 1) // 2]) if asked.size else float("nan")

    @property
    def under(self) -> str:
        """The end of a title: of how many images, protocol, what is apart or in pieces."""
        facts, aligned = self.analysis.facts, self.analysis.aligned
        apart = "".join(f"; {remark}" for remark in facts.apart)
        broken = labels_in_pieces(aligned)
        apart += f"; in pieces: {few(broken)}" if broken else ""
        return facts.part(aligned.name, len(aligned.images)) + facts.under + apart
