"""Cells that did not end ok, those of one reason together."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from reports.data.words import few, number

_LONGEST: Final = 400  # characters of a reason
MOST: Final = 300  # rows; a page of more would be read by nobody


def failures(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """List what did not end ok, most cells first.

    Parameters
    ----------
    rows : DataFrame
        Rows of one data set split with label, n, image, status, error.

    Returns
    -------
    list of dict
        label, status, reason, cells, n and images in words.
    """
    failed = rows[rows["status"] != "ok"].astype({"status": object, "label": object})
    if failed.empty:
        return []
    reasons = failed["error"].astype(object).where(failed["error"].notna(), "no reason recorded")
    failed = failed.assign(reason=reasons.astype(str).str.slice(0, _LONGEST))
    groups = failed.groupby(["label", "status", "reason"], sort=True)
    found = [
        {
            "label": str(label),
            "status": str(status),
            "reason": str(reason),
            "cells": len(its),
            "n": ", ".join(number(float(n)) for n in np.unique(its["n"])),
            "images": few(sorted(its["image"].astype(str).unique())),
        }
        for (label, status, reason), its in groups
    ]
    return sorted(found, key=lambda row: -row["cells"])
