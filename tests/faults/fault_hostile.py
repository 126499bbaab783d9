"""Methods that do what no method should: each costs its own cell (`tests.faults.hostile`)."""

from tests.faults import hostile
from tests.faults.line import Line


def main(place, times, rng):
    for what, methods, wrong in hostile.main(place.fresh()):
        yield Line(what, methods, "their own cells", tuple(wrong))
