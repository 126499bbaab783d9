"""What a metric declares, and the register that formulae enter by a decorator."""

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


METRICS: dict[str, Metric] = {}


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
        If the id is taken.
    """

    def register(formula: Callable[[SourceT], float]) -> Callable[[SourceT], float]:
        if id in METRICS:
            raise ValueError(f"metric id {id!r} is taken by {METRICS[id].title!r}; choose another")
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


def get_metric(id: str) -> Metric:
    """Return the metric of that id.

    Raises
    ------
    ValueError
        If there is none; names the nearest ids.
    """
    if id not in METRICS:
        hint = did_you_mean(id, METRICS, most=3) or f"known are {', '.join(METRICS)}"
        raise ValueError(f"unknown metric {id!r}; {hint}")
    return METRICS[id]
