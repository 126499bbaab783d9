"""The compiled loops of one-to-one boundary matching; conventions as in `metrics.kernels`."""

import numpy as np
import numpy.typing as npt

from metrics.kernels.compiled import Bytes, Ints, compiled


@compiled
def _removable(code: int, second: bool) -> bool:
    """Whether thinning deletes a pixel of these neighbours (G1, G2, and G3 or G3').

    Bits 0 to 7 of `code` are x1 to x8: east, then counterclockwise.
    """
    crossings, first_pairs, second_pairs = 0, 0, 0
    for k in range(0, 8, 2):
        here = code >> k & 1
        diagonal = code >> (k + 1) & 1
        after = code >> ((k + 2) % 8) & 1
        crossings += (1 - here) & (diagonal | after)
        first_pairs += here | diagonal
        second_pairs += diagonal | after
    if crossings != 1 or not 2 <= min(first_pairs, second_pairs) <= 3:
        return False
    turned = (code >> 4 | code << 4) & 255 if second else code
    return not (turned & 1 and (turned & 0b110 or not turned & 128))


@compiled
def thin(mask: Bytes, pixels: Ints) -> int:
    """Thin a mask (H, W) to lines one pixel wide; return how many pixels stay.

    `pixels`, the flat indices of the mask, ascending, receives those that stay in front. Two
    parallel passes alternate until neither deletes a pixel: Guo, Hall, Comm. ACM 1989,
    doi 10.1145/62065.62074, as numbered by Lam, Lee, Suen, TPAMI 1992, doi 10.1109/34.161346.
    """
    height, width = mask.shape
    stride = width + 2
    padded = np.zeros((height + 2) * stride, np.uint8)
    for y in range(height):
        for x in range(width):
            padded[(y + 1) * stride + x + 1] = mask[y, x] != 0
    table = np.empty((2, 256), np.bool_)
    for code in range(256):
        table[0, code] = _removable(code, False)
        table[1, code] = _removable(code, True)
    deleted = np.empty(pixels.size, np.int32)
    for i in range(pixels.size):
        y = pixels[i] // width
        pixels[i] += 2 * y + stride + 1
    count, idle, second = pixels.size, 0, 0
    while idle < 2:
        kept, gone = 0, 0
        for i in range(count):
            p = np.int64(pixels[i])
            up, down = p - stride, p + stride
            code = (
                padded[p + 1]
                | padded[up + 1] << 1
                | padded[up] << 2
                | padded[up - 1] << 3
                | padded[p - 1] << 4
                | padded[down - 1] << 5
                | padded[down] << 6
                | padded[down + 1] << 7
            )
            if table[second, code]:
                deleted[gone] = p
                gone += 1
            else:
                pixels[kept] = p
                kept += 1
        for i in range(gone):
            padded[deleted[i]] = 0
        count = kept
        idle = idle + 1 if gone == 0 else 0
        second = 1 - second
    for i in range(count):
        y = pixels[i] // stride - 1
        pixels[i] -= 2 * y + stride + 1
    return count


@compiled
def find_near(
    of: npt.NDArray[np.intp], place: Ints, squared: float, first: Ints, found: Ints
) -> int:
    """Look into the disc around each pixel; return how many pairs there are.

    `place` (H, W) numbers the pixels to be found, -1 elsewhere. `first` (B + 1,) receives where the
    finds of each pixel of `of` begin; `found` their numbers, if it has room, so that a first call
    with an empty one counts.
    """
    height, width = place.shape
    reach = int(np.sqrt(squared))
    count = 0
    for i in range(of.size):
        first[i] = count
        y, x = of[i] // width, of[i] % width
        for v in range(max(y - reach, 0), min(y + reach + 1, height)):
            half = int(np.sqrt(squared - (v - y) * (v - y)))
            row = place[v]
            for u in range(max(x - half, 0), min(x + half + 1, width)):
                if row[u] >= 0:
                    if count < found.size:
                        found[count] = row[u]
                    count += 1
    first[of.size] = count
    return count
