"""What a metric declares, and the register that formulae enter by a decorator."""

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeVar

from metrics.names import did_you_mean

if TYPE_CHECKING:
    from metrics.inputs import Case


class Source(Protocol):
    """An intermediate that several formulae share; computed once per label map (and annotator)."""

    needs: ClassVar[frozenset[str]]
    """What it takes besides the labels: "truth", "image", "n"."""

    @classmethod
    def measure(cls, case: "Case") -> Self:
        """Compute it; everything in `needs` is there."""
        ...


SourceT = TypeVar("SourceT", bound=Source)


@dataclass(frozen=True)
class Metric:
    """The facts of a metric, from which plots, tables and rankings read how to treat it.

    Attributes
    ----------
    id : str
        Key in `evaluate`'s result and column of the results file.
    title : str
        What an axis is labelled with.
    direction : {"high", "low", None}
        What is better; None if neither is.
    range : tuple of float
        Smallest and largest possible value.
    unit : str
        "" if it has none.
    needs : frozenset of {"truth", "image", "n"}
        What it takes besides the labels. With "truth" it has one value per annotator.
    reference : str
        Who defined it, and the DOI where there is one.
    undefined : str
        When the value is NaN.
    limits : str
        What it does not tell.
    source : type
        The intermediate that `formula` reads.
    formula : callable
        From the intermediate to the value.
    weight : callable or None
        From the intermediate to the number of pixels that the value is a share of, by which a
        protocol that pools annotators weighs them.
    on_request : bool
        Left out unless asked for by id.
    """

    id: str
    title: str
    direction: Literal["high", "low"] | None
    range: tuple[float, float]
    unit: str
    needs: frozenset[str]
    reference: str
    undefined: str
    limits: str
    source: type[Source]
    formula: Callable[[Any], float]
    weight: Callable[[Any], float] | None = None
    on_request: bool = False

    @property
    def origin(self) -> str:
        """Where the formula stands: ``module:function``."""
        return _place(self.formula)


ENTRY_POINT_GROUP = "superpixel_bench.metrics"

METRICS: dict[str, Metric] = {}
"""Every known metric by its id, in the order in which they are listed."""

_broken: dict[str, str] | None = None  # of installed plugins; None until they have been imported

# What --metrics takes beside ids, and the ends of names of columns that belong to an id.
_RESERVED = ("default", "all")
_ENDS = ("_by_annotator", "_pairs")


def metric(
    source: type[SourceT],
    *,
    id: str,
    title: str,
    direction: Literal["high", "low"] | None,
    range: tuple[float, float],
    reference: str,
    undefined: str,
    limits: str,
    unit: str = "",
    weight: Callable[[SourceT], float] | None = None,
    on_request: bool = False,
) -> Callable[[Callable[[SourceT], float]], Callable[[SourceT], float]]:
    """Register the decorated formula, a function of `source`, as a metric.

    Raises
    ------
    ValueError
        If the id is taken or cannot be the name of a column, or the direction is none.
    """
    if not id.isidentifier() or id in _RESERVED or id.endswith(_ENDS):
        raise ValueError(
            f"metric id {id!r} cannot be: it is a name of letters, digits and _, none of"
            f" {', '.join(_RESERVED)}, and ends neither in {' nor in '.join(_ENDS)}"
        )
    if direction not in ("high", "low", None):
        raise ValueError(f"metric {id!r} has direction={direction!r}; give 'high', 'low' or None")

    def register(formula: Callable[[SourceT], float]) -> Callable[[SourceT], float]:
        if id in METRICS:
            raise ValueError(
                f"metric id {id!r} of {_place(formula)} is taken by"
                f" {METRICS[id].origin} ({METRICS[id].title}); choose another"
            )
        METRICS[id] = Metric(
            id=id,
            title=title,
            direction=direction,
            range=range,
            unit=unit,
            needs=source.needs,
            reference=reference,
            undefined=undefined,
            limits=limits,
            source=source,
            formula=formula,
            weight=weight,
            on_request=on_request,
        )
        return formula

    return register


def _place(formula: Callable[..., Any]) -> str:
    made = getattr(formula, "func", formula)  # some are a function with a radius filled in
    return f"{made.__module__}:{made.__qualname__}"


def get_metric(id: str) -> Metric:
    """Return the metric of that id, if need be one of an installed plugin.

    Raises
    ------
    ValueError
        If there is none; names the nearest ids.
    """
    if id not in METRICS:
        reason = load_installed().get(id)
        if reason:
            raise ValueError(f"metric {id!r} is broken: {reason}")
    if id not in METRICS:
        hint = did_you_mean(id, METRICS, most=3) or f"known are {', '.join(METRICS)}"
        raise ValueError(f"unknown metric {id!r}; {hint}")
    return METRICS[id]


def load_installed() -> dict[str, str]:
    """Import the metrics of installed packages, once, and say which cannot be used.

    Returns
    -------
    dict
        Name of the entry point -> whose it is, and what its import raised.
    """
    global _broken
    if _broken is None:
        _broken = {}
        for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
            owner = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
            try:
                point.load()
                if point.name not in METRICS:
                    raise ValueError(f"it registers no metric of the id {point.name!r}")
            except (Exception, SystemExit) as problem:
                why = f"{type(problem).__name__}: {problem}"
                _broken[point.name] = f"{owner} ({point.value}): {why}"
    return _broken


def registered_from(module: str) -> list[str]:
    """Return the ids of the metrics that the module of that name has registered."""
    return [id for id, metric in METRICS.items() if metric.origin.partition(":")[0] == module]


def forget(module: str) -> None:
    """Drop the metrics that the module of that name has registered."""
    for id in registered_from(module):
        del METRICS[id]
