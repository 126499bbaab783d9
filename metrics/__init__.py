"""Scores of superpixels: how well a label map respects annotators, the image and the asked count.

Importing it imports numpy only; what is compiled is loaded at the first evaluation. A family of
metrics is a module with an intermediate (`Source`) and formulae under the `metric` decorator,
imported here. Third parties do the same in a file of their own (``--plugin``) or under an entry
point ``superpixel_bench.metrics`` named after the id, with `metric`, `Case` and `Source` from here.
"""

# In the order in which metrics are listed.
from metrics import overlap, boundaries, moments, shape  # isort: skip
from metrics import regularity, reconstruction, matching  # isort: skip
from metrics.base import METRICS, Metric, Source, get_metric, metric
from metrics.evaluate import evaluate
from metrics.inputs import Annotators, Case, prepare
from metrics.protocols import (
    DEFAULT_PROTOCOL,
    PROTOCOLS,
    Protocol,
    ProtocolError,
    get_protocol,
    load_protocols,
)

DEFAULT = tuple(id for id, each in METRICS.items() if not each.on_request)
"""Ids that `evaluate` computes if none are named, all but the slow ones and `br`."""

RECORDED = (*DEFAULT, "br")
"""Ids that results have, which are under a protocol, unless others are asked for. Metrics of
plugins are asked for by id, so that results do not depend on what else is installed."""

__all__ = [
    "DEFAULT",
    "DEFAULT_PROTOCOL",
    "METRICS",
    "PROTOCOLS",
    "RECORDED",
    "Annotators",
    "Case",
    "Metric",
    "Protocol",
    "ProtocolError",
    "Source",
    "boundaries",
    "evaluate",
    "get_metric",
    "get_protocol",
    "load_protocols",
    "matching",
    "metric",
    "moments",
    "overlap",
    "prepare",
    "reconstruction",
    "regularity",
    "shape",
]
