"""``python -m bench``, the same as ``bench``."""

import sys
from pathlib import Path

# Python puts the current folder first, where a metrics.py of the user's would stand for ours.
if not sys.flags.safe_path and Path(sys.path[0]).resolve() != Path(__file__).resolve().parents[1]:
    del sys.path[0]

if __name__ == "__main__":
    from bench.cli import main

    main()
