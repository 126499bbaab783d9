"""What is compiled before a method runs: said while it lasts, and counted."""

import numba

from bench.execution.compiling import noted, seconds_compiling
from bench.execution.inflight import Marker, read_marker


def test_compiling_is_said_and_counted_and_calling_is_not(tmp_path):
    marker, said = Marker(tmp_path / "17", "some cell"), []

    @numba.njit
    def helper(x):
        return x + 1

    @numba.njit
    def outer(x):
        return helper(x) * 2

    class Telling(numba.core.event.Listener):
        def on_start(self, _):
            said.append(read_marker(tmp_path / "17").compiling)

        def on_end(self, _):
            pass

    before = seconds_compiling()
    with noted(marker.compile), numba.core.event.install_listener("numba:compile", Telling()):
        assert outer(3) == 8
    assert said == [True, True]
    assert read_marker(tmp_path / "17").compiling is False
    once = seconds_compiling()
    assert once > before
    with noted(said.append):
        assert outer(4) == 10
    assert seconds_compiling() == once
    assert said == [True, True]
