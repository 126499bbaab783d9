"""How often intervals cover the truth, and how often tables print a false loser, by simulation."""

from tests.benchmark.row import Row
from tests.simulated import ALIKE, ONE_LABEL, covered, errors, false_losers, percentile_interval

IMAGES = (2, 3, 5, 10, 20, 50, 200)
FEW = (2, 5, 10, 20, 50, 100, 200)
EXPERIMENTS = 20_000
TABLES = 1000


def main():
    return [*_intervals(), *_tables(), *_known()]


def _intervals():
    for kind in ONE_LABEL:
        ours = [100 * covered(kind, i, EXPERIMENTS) for i in IMAGES]
        usual = [100 * covered(kind, i, 2000, interval=percentile_interval) for i in IMAGES]
        note = (
            f"{_rates(ours)} with {_listed(IMAGES)} images; percentiles of the bootstrap"
            f" {_rates(usual)}"
        )
        yield Row(f"95 % intervals cover, {kind}: least", min(ours), "%", None, note)


def _tables():
    for labels in (10, 26):
        for kind in ALIKE:
            rates = [100 * false_losers(kind, i, labels, TABLES * 10 // labels) for i in FEW]
            note = f"{_rates(rates)} with {_listed(FEW)} images"
            name = f"tables of {labels} equal methods with a false loser, {kind}: most"
            yield Row(name, max(rates), "%", 8.5, note)


def _known():
    wrong = [errors("families", i, 8, TABLES) for i in FEW]
    for what in ("difference", "best", "rank"):
        rates = [100 * found[what] for found in wrong]
        note = f"{_rates(rates)} with {_listed(FEW)} images"
        yield Row(
            f"tables of 8 unequal methods with a false {what}: most", max(rates), "%", 8.5, note
        )


def _rates(rates):
    return " ".join(f"{rate:.1f}" for rate in rates)


def _listed(images):
    return ", ".join(map(str, images))
