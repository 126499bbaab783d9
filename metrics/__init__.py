"""Scores of superpixels: how well a label map respects annotators, the image and the asked count.

Importing it imports numpy only; what is compiled is loaded at the first evaluation. A family of
metrics is a module with an intermediate (`Source`) and formulae under the `metric` decorator,
imported here.
"""

# In the order in which metrics are listed.
from metrics import overlap, boundaries, moments, shape  # isort: skip
from metrics.base import METRICS, Metric, get_metric
from metrics.evaluate import evaluate

DEFAULT = tuple(id for id, metric in METRICS.items() if not metric.slow)
"""Ids that `evaluate` computes if none are named."""

__all__ = [
    "DEFAULT",
    "METRICS",
    "Metric",
    "boundaries",
    "evaluate",
    "get_metric",
    "moments",
    "overlap",
    "shape",
]
