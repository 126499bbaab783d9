"""The clock: what it counts and what it leaves out."""

import time

import numpy as np

from bench.execution.measure import measure


def spend(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "done"


def test_it_returns_the_value_and_counts_the_call_alone():
    spend(0.05)
    measured = measure(lambda: spend(0.02))
    assert measured.value == "done"
    assert measured.cpu_s >= 0.02


def test_memory_is_that_of_the_call_and_not_of_an_earlier_one():
    def fill(megabytes):
        return int(np.ones(megabytes * 2**17).sum())

    large = measure(lambda: fill(200)).peak_mb
    small = measure(lambda: fill(20)).peak_mb
    assert large > 150
    assert small < 100
