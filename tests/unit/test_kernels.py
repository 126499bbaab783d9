"""Compiled code where no folder can keep it: a read-only installation without a home."""

import pytest

from methods.kernels import compiled
from metrics import kernels


@pytest.mark.parametrize("module", [kernels, compiled])
def test_kernels_compile_also_where_nothing_can_be_kept(module, monkeypatch):
    real, refused = module.njit, []

    def njit(*arguments, **options):
        if options.pop("cache", False):
            refused.append(options)
            raise RuntimeError("cannot cache function: no locator available")
        return real(*arguments, **options)

    monkeypatch.setattr(module, "njit", njit)
    assert module.compiled(lambda x: x + 1)(2) == 3
    assert len(refused) == 1
