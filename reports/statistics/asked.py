"""Asked and returned counts: which n is meant by a count, and what is about as many as asked."""

from __future__ import annotations

from typing import Final

import numpy as np

from reports.data.align import Flags
from reports.data.results import Floats

NEAR: Final = 0.1  # of a count; methods compete only if they returned about what was asked


def returned_about(counts: Floats, ns: Floats | float) -> Flags:
    """Tell which returned counts are within `NEAR` of n; none is where no n was asked."""
    near: Flags = np.abs(counts - ns) <= NEAR * ns
    return near


def nearest_asked(ns: Floats, count: float) -> float:
    """Return the asked n nearest to a count by their ratio; NaN where none or no count is known."""
    asked = np.unique(ns[np.isfinite(ns)])
    if not asked.size or not np.isfinite(count):
        return float("nan")
    return float(asked[np.abs(np.log(asked / count)).argmin()])
