"""Tables of the areas under curves, over a range of returned counts."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.data.words import ARROWS
from reports.statistics.area import summary_of
from reports.tables.markdown import best_first, marked, mean_cells, table

DAGGER = "† Some points of the curve are over fewer images or seeds than those of others."


def text_over(rows: pd.DataFrame) -> Iterator[str]:
    """Yield the table of `statistics.area.areas`, and why labels lack what they lack."""
    labels = rows.drop_duplicates("label")
    columns = {"label": marked(labels["label"], labels["in_pieces"])}
    for metric, part in rows.groupby("metric", sort=False):
        summary = summary_of(str(metric))
        columns[summary.name + ARROWS[summary.direction]] = mean_cells(part)
    first = rows[rows["metric"] == rows["metric"].iloc[0]].reset_index(drop=True)
    yield table(best_first(columns, first, summary_of(first["metric"].iloc[0]).direction))
    lacking = "\n".join(_lacking_over(rows))
    if lacking:
        yield lacking


def _lacking_over(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a line for each label that lacks areas or intervals, and why."""
    unsure = "no interval: " + rows["no_interval"]
    said = rows.assign(why=rows["reason"].where(rows["no_interval"] == "", unsure))
    for label, its in said.groupby("label", sort=False):
        by_reason = its[its["why"] != ""].groupby("why", sort=False)["summary"]
        parts = [
            str(why) if len(names) == len(its) else f"{', '.join(names)}: {why}"
            for why, names in by_reason
        ]
        if parts:
            yield f"- {label}: {'; '.join(parts)}"


def legend_over(samples: str) -> str:
    """Say how to read the table."""
    return (
        f"Average of the curve (mean score over {samples} against mean returned count) over the "
        "range, ± half of its 95 % interval over images. AMR, AUE, AUV: 100 times the "
        "average of 1 - br, ue_np, 1 - ev (doi 10.1016/j.cviu.2017.03.007)."
    )
