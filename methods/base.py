"""What a method is: a small class with typed parameters, declared facts and ``segment``."""

from __future__ import annotations

import difflib
import inspect
import math
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args, get_origin

import numpy as np
from numpy.typing import NDArray

Value = bool | int | float | str
_CROP = 128
_CROP_N = 16


class Skip(Exception):  # noqa: N818 (raised as a statement, not as an error: the cell is declined)
    """A method declines an image or a count; the reason is the message."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a method: an annotated class attribute.

    Attributes
    ----------
    name : str
        Its name.
    kind : type
        ``bool``, ``int``, ``float``, ``str`` or a ``Literal`` of such values.
    default : value or None
        None where it must be given.
    required : bool
        Whether there is no default.
    """

    name: str
    kind: Any
    default: Value | None
    required: bool = False

    @property
    def type_name(self) -> str:
        """The type as people write it: ``float``, or the choices of a ``Literal``."""
        if get_origin(self.kind) is Literal:
            return " or ".join(repr(choice) for choice in get_args(self.kind))
        return str(self.kind.__name__)

    def check(self, value: Any) -> Value:
        """Return the value in the parameter's type.

        Raises
        ------
        ValueError
            If it is of another type, not finite, or none of the choices.
        """
        if isinstance(value, np.generic):
            value = value.item()
        if get_origin(self.kind) is Literal:
            choices = get_args(self.kind)
            # 1 == True and 1 == 1.0, so the types must agree as well.
            if any(value == choice and type(value) is type(choice) for choice in choices):
                return typing.cast(Value, value)
        elif self.kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            if math.isfinite(value):
                return float(value)
        elif type(value) is self.kind:
            return typing.cast(Value, value)
        raise ValueError(f"parameter '{self.name}' is {value!r}; expected {self.type_name}")

    def parse(self, text: str) -> Value:
        """Read the value from the command line.

        Raises
        ------
        ValueError
            If the text is no value of the parameter's type.
        """
        kinds = [self.kind]
        if get_origin(self.kind) is Literal:
            kinds = [type(choice) for choice in get_args(self.kind)]
        for kind in kinds:
            try:
                return self.check(_READERS[kind](text))
            except (ValueError, KeyError):
                continue
        raise ValueError(f"parameter '{self.name}' is '{text}'; expected {self.type_name}")


_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_READERS: Mapping[Any, Any] = {
    bool: lambda text: _TRUTH[text.lower()],
    int: int,
    float: float,
    str: str,
}


class Method:
    """A superpixel method.

    A subclass names itself, annotates its parameters as class attributes with defaults, and
    implements `segment`. Everything below is a declared fact with a default; state it as a plain
    attribute without annotation (annotated attributes are parameters).

    Attributes
    ----------
    name : str
        What users type.
    title : str
        What plots call it; the name by default.
    reference, doi : str
        The paper.
    license : str
        Licence of the code that does the work.
    library : str
        The distribution that does the work; its version is part of the identity of results.
    version : str
        Raise it when the labels change for the same image, n and parameters.
    connected : bool
        Every superpixel is 4-connected.
    exact_count : bool
        Exactly n superpixels come back.
    deterministic : bool
        The same image, n and parameters give the same labels.
    devices : tuple of str
        Of "cpu" and "cuda".
    departures : str
        How it departs from the paper.
    expected_failures : dict of str to str
        Contract tests that are known to fail, with the reason.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    doi: ClassVar[str] = ""
    license: ClassVar[str] = ""
    library: ClassVar[str] = ""
    version: ClassVar[str] = "1"
    connected: ClassVar[bool] = False
    exact_count: ClassVar[bool] = False
    deterministic: ClassVar[bool] = True
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    departures: ClassVar[str] = ""
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **params: Value) -> None:
        known = {parameter.name: parameter for parameter in self.parameters()}
        for name in params:
            if name not in known:
                raise ValueError(_unknown_parameter(self.name, name, known))
        for name, parameter in known.items():
            if name in params:
                try:
                    setattr(self, name, parameter.check(params[name]))
                except ValueError as error:
                    raise ValueError(f"method '{self.name}': {error}") from None
            elif parameter.required:
                raise ValueError(
                    f"method '{self.name}' needs its parameter '{name}': {self.name}[{name}=...]"
                )
        self.facts: dict[str, float | int | str] = {}

    @classmethod
    def parameters(cls) -> list[Parameter]:
        """Return the parameters, those of base classes first."""
        found: dict[str, Parameter] = {}
        for base in reversed(cls.__mro__[: cls.__mro__.index(Method)]):
            hints = typing.get_type_hints(base)
            for name in inspect.get_annotations(base):
                if get_origin(hints[name]) is ClassVar or hints[name] is ClassVar:
                    continue
                required = not hasattr(cls, name)
                default = None if required else getattr(cls, name)
                found[name] = Parameter(name, hints[name], default, required)
        return list(found.values())

    @classmethod
    def parse_params(cls, texts: Mapping[str, str]) -> dict[str, Value]:
        """Read parameters from the command line, each in its type.

        Raises
        ------
        ValueError
            For an unknown parameter or a value of another type.
        """
        known = {parameter.name: parameter for parameter in cls.parameters()}
        values = {}
        for name, text in texts.items():
            if name not in known:
                raise ValueError(_unknown_parameter(cls.name, name, known))
            try:
                values[name] = known[name].parse(text)
            except ValueError as error:
                raise ValueError(f"method '{cls.name}': {error}") from None
        return values

    def params(self) -> dict[str, Value]:
        """Return all parameters with their values."""
        return {parameter.name: getattr(self, parameter.name) for parameter in self.parameters()}

    def non_default_params(self) -> dict[str, Value]:
        """Return the parameters whose values are not the defaults."""
        defaults = {parameter.name: parameter.default for parameter in self.parameters()}
        return {name: value for name, value in self.params().items() if value != defaults[name]}

    def validate(self) -> None:
        """Check ranges of parameters; raise ValueError with value, reason and cure."""

    def warm_up(self, image: NDArray[np.uint8], n: int) -> None:
        """Do what need be done only once (imports, compilation), outside the clock.

        By default runs once on a crop of the image. What goes wrong there is not reported: a
        method may refuse a crop, and what is really wrong shows on the image itself.
        """
        crop = image[:_CROP, :_CROP].copy()
        try:
            self.segment(crop, min(n, _CROP_N, crop.shape[0] * crop.shape[1]))
        except Exception:
            return

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Segment an image.

        Parameters
        ----------
        image : (H, W, 3) uint8 array
            sRGB.
        n : int
            Number of superpixels to aim for, 1 to H W.

        Returns
        -------
        (H, W) array of int
            Labels from 0 in any order, gaps allowed; the caller makes them canonical.

        Raises
        ------
        Skip
            To decline this image or count, with the reason.
        """
        raise NotImplementedError(f"method '{self.name}' does not implement segment(image, n)")


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known names, or with all where none is near."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names)}" if names else "there are none"


def _unknown_parameter(method: str, name: str, known: Iterable[str]) -> str:
    return f"method '{method}' has no parameter '{name}'; {suggest(name, known)}"
