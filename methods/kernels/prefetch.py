"""Asking for memory ahead of its use, where the order of use is random but known a little before.

Without it a loop waits for each value in turn, several hundred times as long as for one in cache.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from methods.kernels.compiled import Kernel, inner

TO_READ, KEEP, DATA = 0, 3, 1  # operands of LLVM's prefetch: read or write, locality, cache


class Instruction(Kernel):
    """A function that writes the code of a call itself; numba is imported when it is needed."""

    @functools.cached_property
    def dispatcher(self) -> Any:
        """What numba makes of the function."""
        from numba.core.registry import cpu_target
        from numba.extending import intrinsic

        made = intrinsic(self._function)
        cpu_target.typing_context.refresh()  # numba, which is compiling, learns of it here
        cpu_target.target_context.refresh()
        return made


@inner
def prefetch(array: NDArray[np.generic], i: int) -> None:
    """Begin to load element `i` of a contiguous array, seen as flat; any `i` does no harm."""
    instruction(array, i)


def _write(_: Any, array: Any, i: Any) -> Any:
    """Write LLVM's instruction, which numba has no function for."""
    from llvmlite import ir  # type: ignore[import-untyped]
    from numba import types

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [address.type], kind)
        builder.call(function, [address, *(number(k) for k in (TO_READ, KEEP, DATA))])
        return context.get_dummy_value()

    return types.none(array, i), generate


instruction = Instruction(_write, kept=False)
