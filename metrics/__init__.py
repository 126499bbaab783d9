"""Scores of superpixels: how well a label map respects annotators, the image and the asked count.

Importing it imports numpy only; what is compiled is loaded at the first evaluation. A family of
metrics is a module with an intermediate (`Source`) and formulae under the `metric` decorator,
imported here.
"""

# In the order in which metrics are listed.
from metrics import overlap, boundaries, moments, shape  # isort: skip
from metrics import regularity, reconstruction, matching  # isort: skip
from metrics.base import METRICS, Metric, get_metric
from metrics.evaluate import evaluate
from metrics.protocols import (
    DEFAULT_PROTOCOL,
    PROTOCOLS,
    Protocol,
    ProtocolError,
    get_protocol,
    load_protocols,
)

DEFAULT = tuple(id for id, metric in METRICS.items() if not metric.on_request)
"""Ids that `evaluate` computes if none are named: all but the slow ones and `br`."""

RECORDED = (*DEFAULT, "br")
"""Ids that results have unless others are asked for: they are always under a protocol."""

__all__ = [
    "DEFAULT",
    "DEFAULT_PROTOCOL",
    "METRICS",
    "PROTOCOLS",
    "RECORDED",
    "Metric",
    "Protocol",
    "ProtocolError",
    "boundaries",
    "evaluate",
    "get_metric",
    "get_protocol",
    "load_protocols",
    "matching",
    "moments",
    "overlap",
    "reconstruction",
    "regularity",
    "shape",
]
