"""The compiled loops over pixels and runs; slow plain versions of what they compute are in tests.

Every kernel fills arrays that the caller allocated. `values` is (H, W) int32 with `VOID` where a
pixel does not count. A *run* is a stretch of equal values within one row: what can be counted over
runs is not counted over pixels, which are ten times more. Loops over pixels go row by row, without
index arithmetic or branches inside, because only then does the compiler use vector instructions.
A kernel calls helpers of its own file only. Whatever changes in a file here, all are compiled anew.
"""
