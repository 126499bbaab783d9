"""Compiled code where no folder can keep it: a read-only installation without a home."""

import numba
import pytest

import methods.kernels.compiled
import metrics.kernels


@pytest.mark.parametrize(
    ("module", "holder"), [(metrics.kernels, metrics.kernels), (methods.kernels.compiled, numba)]
)
def test_kernels_compile_also_where_nothing_can_be_kept(module, holder, monkeypatch):
    real, refused = numba.njit, []

    def njit(*arguments, **options):
        if options.pop("cache", False):
            refused.append(options)
            raise RuntimeError("cannot cache function: no locator available")
        return real(*arguments, **options)

    monkeypatch.setattr(holder, "njit", njit)
    assert module.compiled(lambda x: x + 1)(2) == 3
    assert len(refused) == 1
