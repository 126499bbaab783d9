"""Numbers of a report as LaTeX macros, so that a paper cites them by name and never by hand."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator

import numpy as np
import pandas as pd

from reports.data.perturbed import PERTURBATION
from reports.tables.latex import escaped
from reports.tables.markdown import decimals

#: What is cited, by the column of the numbers.
FIELDS = (
    *("value", "low", "high", "rank_low", "rank_high", "images", "value_images", "count"),
    *("difference", "difference_low", "difference_high", "difference_images"),
    *("wins", "ties", "losses", "p", "p_holm"),
    *("clean", "perturbed", "loss", "count_perturbed"),
    *("mean_a", "mean_b", "largest", "matched", "missing"),
)
_RANKS = ("rank_low", "rank_high")
_IMAGES = ("images", "value_images", "difference_images")
_WHOLE = frozenset((*_RANKS, *_IMAGES, "wins", "ties", "losses", "matched", "missing"))
_HEAD = r"""% Numbers of bench, by label, metric and {third}: \bench{{label}}{{metric}}{{{third}}}
% for {first}, \bench[{other}]{{label}}... for others: {fields}.
% What is not here is printed as ??.
\providecommand\bench[4][{first}]{{\ifcsname bench/#2/#3/#4/#1\endcsname
  \csname bench/#2/#3/#4/#1\endcsname\else\textbf{{??}}\fi}}
\providecommand\benchdefine[5]{{\expandafter\gdef\csname bench/#1/#2/#3/#4\endcsname{{#5}}}}"""


def macros(numbers: pd.DataFrame) -> str:
    r"""Write every number of a report as a macro.

    Parameters
    ----------
    numbers : DataFrame
        Tidy rows with label and metric, and the count, range, n, protocol or perturbation that
        they are of.

    Returns
    -------
    str
        To be read by ``\input``. The names of labels keep their ASCII letters, digits and dots,
        all else is a hyphen; two that would be the same are numbered. Values are rounded to two
        digits of their interval.
    """
    fields = [name for name in FIELDS if name in numbers]
    others = numbers["minus"] if "minus" in numbers else numbers["label"]
    names = _safe(pd.concat([numbers["label"], others]))
    third, place = _places(numbers, names)
    if "count" in fields and third == "count":
        fields.remove("count")
    first = next(name for name in ("value", "loss", "difference") if name in fields)
    ends = "" if "high" in numbers else f"{first}_"
    lines = [_HEAD.format(third=third, fields=", ".join(fields), first=first, other=fields[-1])]
    lines += [f"% {name}: {_comment(label)}" for label, name in names.items()]
    for metric, its in numbers.assign(place=place).groupby("metric", sort=False):
        half = ((its[f"{ends}high"] - its[f"{ends}low"]) / 2).to_numpy(float)
        digits = decimals(half, its[first].to_numpy(float))
        for _, row in its.iterrows():
            for name, text in _texts(row, fields, digits):
                key = f"{{{names[row['label']]}}}{{{metric}}}{{{row['place']}}}{{{name}}}"
                lines.append(rf"\benchdefine{key}{{{text}}}")
    return "\n".join(lines) + "\n"


def _places(numbers: pd.DataFrame, names: dict[Hashable, str]) -> tuple[str, pd.Series[str]]:
    """Return what numbers of a label and metric differ in, in a word, and each row's."""
    if "over_low" in numbers:
        what = (
            numbers["over_low"].map("{:g}".format) + "-" + numbers["over_high"].map("{:g}".format)
        )
        word = "range"
    elif "rank_low" in numbers:
        word, what = "count", numbers["count"].map("{:g}".format)
    else:
        word, what = "n", numbers["n"].map(lambda n: "any" if pd.isna(n) else f"{n:g}")
    if "protocol" in numbers and numbers["protocol"].unique().size > 1:
        word, what = f"{word}/protocol", what + "/" + numbers["protocol"]
    if "minus" in numbers:
        word, what = f"{word}/minus", what + "/" + numbers["minus"].map(names)
    if PERTURBATION in numbers:
        word, what = f"{word}/perturbation", what + "/" + numbers[PERTURBATION].astype(str)
    groups = numbers["dataset"].astype(str) + "/" + numbers["split"].astype(str)
    if groups.unique().size > 1:
        word, what = f"data set/{word}", groups + "/" + what
    return word, what


def _texts(row: pd.Series[float], fields: list[str], digits: int) -> Iterator[tuple[str, str]]:
    for name in fields:
        value = row[name]
        if pd.isna(value) or (name in _RANKS and not value):
            continue
        number = float(value)
        if name in _WHOLE:
            text = f"{number:.0f}"
        elif name in ("p", "p_holm"):
            text = f"{number:.2g}"
        else:
            text = f"{number:.{digits}f}" if np.isfinite(number) else r"$\infty$"
        yield name, text.replace("-", "$-$") if number < 0 else text


def _safe(labels: pd.Series[str]) -> dict[Hashable, str]:
    """Name each label by characters that TeX takes in the name of a macro, no two the same."""
    names: dict[Hashable, str] = {}
    taken: set[str] = set()
    for label in labels.unique():
        base = re.sub(r"[^A-Za-z0-9.]+", "-", str(label)).strip("-") or "label"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        names[label] = name
    return names


def _comment(label: Hashable) -> str:
    return escaped(" ".join(str(label).split()))
