"""Typed parameters of a method: found in its annotations, checked, and parsed from text."""

from __future__ import annotations

import builtins
import inspect
import math
import numbers
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, ClassVar, Final, Literal, get_args, get_origin

from methods.names import did_you_mean


class ParameterError(ValueError, TypeError):
    """A parameter that the method does not have, or a value that it cannot take."""


class _Required:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()

#: Names that ``segment(image, n, method=..., **parameters)`` has already taken.
RESERVED: Final = frozenset({"image", "n", "method"})


@dataclass(frozen=True)
class Parameter:
    """One parameter of a method.

    Attributes
    ----------
    name : str
    type : type or Literal form
        ``bool``, ``int``, ``float``, ``str`` or ``Literal[...]``.
    default : bool, int, float or str
        `REQUIRED` if there is none.
    """

    name: str
    type: Any
    default: Any = REQUIRED

    @property
    def choices(self) -> tuple[Any, ...]:
        """The allowed values of a ``Literal``, else empty."""
        return get_args(self.type) if get_origin(self.type) is Literal else ()

    @property
    def expected(self) -> str:
        """What the parameter takes, in words."""
        if self.choices:
            return "one of " + ", ".join(repr(choice) for choice in self.choices)
        return "a finite float" if self.type is float else f"{self.type.__name__}"

    def check(self, value: Any) -> bool | int | float | str:
        """Return `value` as a plain Python value of this parameter's type.

        Raises
        ------
        ParameterError
            If the value has another type, is not finite or is not among the choices.
        """
        plain = self._convert(value)
        if plain is None:
            raise ParameterError(
                f"{self.name}={value!r} ({type(value).__name__}) is not valid: "
                f"{self.name} takes {self.expected}"
            )
        return plain

    def _convert(self, value: Any) -> bool | int | float | str | None:
        """Return the plain value, or None where the value does not fit."""
        if self.choices:
            fits = [c for c in self.choices if type(c) is type(value) and c == value]
            return fits[0] if fits else None
        is_bool = type(value).__name__ in (
            "bool",
            "bool_",
        )  # Python's, or numpy's without its import
        if self.type is bool:
            return bool(value) if is_bool else None
        if self.type is str:
            return str(value) if isinstance(value, str) else None
        if is_bool:
            return None
        if self.type is int:
            return int(value) if isinstance(value, numbers.Integral) else None
        if isinstance(value, numbers.Real) and math.isfinite(value):
            return float(value)
        return None

    def parse(self, text: str) -> bool | int | float | str:
        """Return the value written as `text` on the command line.

        Raises
        ------
        ParameterError
            If the text does not denote a value of this parameter's type.
        """
        for choice in self.choices:
            if text == str(choice):
                return self.check(choice)
        try:
            return self.check(_READERS.get(self.type, str)(text))
        except (KeyError, ValueError):
            raise ParameterError(
                f"{self.name}={text} is not valid: {self.name} takes {self.expected}"
            ) from None


_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_READERS: dict[Any, Callable[[str], Any]] = {
    bool: lambda text: _TRUTH[text.lower()],
    int: int,
    float: float,
}


def unknown(name: str, known: Collection[str], owner: str) -> ParameterError:
    """Return the error for a parameter `name` that `owner` does not have."""
    if not known:
        return ParameterError(f"{owner} has no parameter {name!r}; it takes none")
    hint = did_you_mean(name, known)
    near = f"; {hint}" if hint else "."
    return ParameterError(
        f"{owner} has no parameter {name!r}{near} It takes {', '.join(sorted(known))}"
    )


def find_parameters(cls: type, base: type) -> list[Parameter]:
    """Return the annotated attributes of `cls` that its `base` classes do not declare.

    Inherited parameters come first. ``ClassVar`` annotations, names that begin with an underscore
    and names that `base` already has are facts, not parameters.

    Raises
    ------
    TypeError
        If an annotation is not one a parameter can have, or a default does not fit it.
    """
    found: dict[str, Parameter] = {}
    facts = set(dir(base)) | set(inspect.get_annotations(base))
    for owner in reversed(cls.__mro__):
        if owner in base.__mro__:
            continue
        for name, annotation in inspect.get_annotations(owner).items():
            if name.startswith("_") or name in facts:
                continue
            kind = _resolve(annotation, owner, name)
            if get_origin(kind) is ClassVar or kind is ClassVar:
                continue
            found[name] = Parameter(name, _supported(kind, owner, name))
    return [_with_default(parameter, cls) for parameter in found.values()]


def meaning(cls: type, name: str) -> str:
    """Return what a class says of a parameter in its docstring; nothing if it says nothing."""
    for each in cls.__mro__:
        lines = iter(inspect.cleandoc(each.__doc__ or "").splitlines())
        if any(line.startswith(f"{name} : ") for line in lines):  # goes on behind that line
            return " ".join(
                line.strip() for line in takewhile(lambda line: line.startswith(" "), lines)
            )
    return ""


def _resolve(annotation: Any, owner: type, name: str) -> Any:
    """Return the annotation as an object where the source has it as text."""
    if not isinstance(annotation, str):
        return annotation
    module = sys.modules.get(owner.__module__, builtins)
    names = {"Literal": Literal, "ClassVar": ClassVar, **vars(module)}
    try:
        return eval(annotation, names)  # the class's own source, as typing.get_type_hints does
    except Exception as error:
        raise TypeError(f"{_where(owner, name)} {annotation!r} is unknown: {error}") from error


def _supported(kind: Any, owner: type, name: str) -> Any:
    if name in RESERVED:
        raise TypeError(
            f"{owner.__qualname__}.{name}: a parameter cannot be called {name!r}, an argument of "
            f"segment(image, n, method=...) has that name; choose another"
        )
    if kind in (bool, int, float, str):
        return kind
    if get_origin(kind) is Literal:
        return kind
    raise TypeError(
        f"{_where(owner, name)} {kind!r}: a parameter is bool, int, float, str or Literal[...]; "
        f"write a fact without an annotation or as ClassVar"
    )


def _where(owner: type, name: str) -> str:
    return f"the annotation of {owner.__qualname__}.{name},"


def _with_default(parameter: Parameter, cls: type) -> Parameter:
    default = getattr(cls, parameter.name, REQUIRED)
    if default is REQUIRED:
        return parameter
    try:
        return Parameter(parameter.name, parameter.type, parameter.check(default))
    except ParameterError as error:
        raise TypeError(f"the default of {cls.__qualname__}.{parameter.name}: {error}") from error
