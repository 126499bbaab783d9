#!/usr/bin/env python3
"""A superpixel method as a script, with the standard library alone: stripes of equal brightness.

bench run --methods 'stripes:command[cmd=docs/examples/stripes.py {ppm} {n} {labels}],slic' --n 100
"""

import sys
from itertools import accumulate
from pathlib import Path

image, n, target = sys.argv[1:]
magic, size, deepest, pixels = Path(image).read_bytes().split(b"\n", 3)
width, height = map(int, size.split())
if magic != b"P6" or deepest != b"255":
    sys.exit("the image is no PPM of 8 bits")
columns = [1 + sum(pixels[3 * x :: 3 * width]) for x in range(width)]  # of the red channel
total = sum(columns)
row = [(before - 1) * int(n) // total for before in accumulate(columns)]
line = ",".join(map(str, row)) + "\n"
Path(target).with_suffix(".csv").write_text(line * height)
