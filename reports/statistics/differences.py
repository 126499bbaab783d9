"""How far labels are from one of them, image by image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from reports.data.align import Aligned
from reports.statistics.aggregate import aggregate
from reports.statistics.simultaneous import Standings


def differences_to(aligned: Aligned, metric: str, label: int, told: Standings) -> pd.DataFrame:
    """Return each label's mean difference to one of them, over the images that both cover.

    Parameters
    ----------
    aligned : Aligned
        One point to each label.
    metric : str
        Its id.
    label : int
        The place of the label that others are compared with.
    told : Standings
        Of the same labels by the same metric.

    Returns
    -------
    DataFrame
        A row per label: difference, its own value minus that of the one; difference_low,
        difference_high, the interval, which is that of `told` where both compete, and else stands
        for itself; difference_images, over how many images.
    """
    values, weights = aligned.scores[metric], dict(aligned.weights)
    if metric in weights:
        weights[metric] = np.minimum(weights[metric], weights[metric][:, [label]])
    scores = {**aligned.scores, metric: values - values[:, [label]]}
    apart = aggregate(replace(aligned, scores=scores, weights=weights), [metric])[metric]
    together = np.isfinite(told.low[:, label])
    middle = (told.low[:, label] + told.high[:, label]) / 2
    return pd.DataFrame(
        {
            "difference": np.where(together, middle, apart["value"]),
            "difference_low": np.where(together, told.low[:, label], apart["low"]),
            "difference_high": np.where(together, told.high[:, label], apart["high"]),
            "difference_images": apart["images"],
        }
    )
