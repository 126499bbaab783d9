"""Do to runs what nights do, and say what it cost (``python -m tests.faults [NAME ...]``).

``--times`` is how often each is killed or loses its power; ``--seed`` repeats the moments of an
earlier call, as far as the machine does.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from tests.faults.plan import Place

PARTS = ("kills", "commands", "power", "storage", "hostile")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--times", type=int, default=50, help="kills of each kind (50)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100_000)
    asked = parser.parse_args()
    unknown = set(asked.names) - set(PARTS)
    if unknown:
        parser.error(f"no faults {sorted(unknown)}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what is mounted is unmounted
    print(f"--seed {asked.seed}", flush=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder))
        for name in asked.names or PARTS:
            rng = random.Random(f"{asked.seed} {name}")
            begin = time.monotonic()
            for line in import_module(f"tests.faults.fault_{name}").main(place, asked.times, rng):
                verdict = "WRONG" if line.wrong else "ok"
                took = time.monotonic() - begin
                print(f"{verdict:5}  {line.times:4} x {line.what}; cost: {line.lost}", flush=True)
                print(f"       after {took:.0f} s of {name}", flush=True)
                for wrong in line.wrong:
                    print(f"       {wrong}", flush=True)
                failed = failed or bool(line.wrong)
                begin = time.monotonic()
    sys.exit(1 if failed else 0)


main()
