"""The class that every method derives from: its parameters, its facts and its one duty, segment."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, overload

from methods.device import auto_preset, resolve_device
from methods.parameters import REQUIRED, Parameter, ParameterError, find_parameters, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray


class Skip(Exception):  # noqa: N818 (it is no error: the cell ends as "skipped")
    """Raised by `Method.segment` to decline an image or a count.

    Parameters
    ----------
    reason : str
        Why, and what would help.
    temporary : bool
        Whether it may be otherwise another time, as where memory, a GPU or a licence is lacking:
        the same command then tries the cell again. What follows from image, count and parameters
        alone stays as it is.
    """

    def __init__(self, reason: str = "", *, temporary: bool = False) -> None:
        super().__init__(reason)
        self.temporary = temporary


class OnDemand(Sequence[Any]):
    """A label map for each of several counts, computed each time that it is taken.

    Parameters
    ----------
    divide : callable
        Maps a count to its label map.
    ns : sequence of int
    """

    def __init__(self, divide: Callable[[int], NDArray[Any]], ns: Sequence[int]) -> None:
        self._divide, self._ns = divide, tuple(ns)

    def __len__(self) -> int:
        return len(self._ns)

    @overload
    def __getitem__(self, i: int) -> NDArray[Any]: ...

    @overload
    def __getitem__(self, i: slice) -> OnDemand: ...

    def __getitem__(self, i: int | slice) -> NDArray[Any] | OnDemand:
        if isinstance(i, slice):
            return OnDemand(self._divide, self._ns[i])
        return self._divide(self._ns[i])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Go through the label maps; an IndexError of the method does not end it early."""
        return map(self._divide, self._ns)


class Method:
    """A superpixel method.

    A subclass sets `name` and defines `segment`. Its annotated class attributes are its parameters
    (bool, int, float, str or ``Literal[...]``, usually with a default); a method that declares
    ``seed``, ``device`` or ``preset`` has them filled in by the runner. Its attributes without
    annotation are facts, listed below with what holds if nothing is said. Facts are promised for
    the default parameters.

    Attributes
    ----------
    name : str
        How the command line calls the method.
    title : str
        How plots call it; the name if empty. Where a built-in method has the same title, the name
        stands behind it.
    reference, doi : str
        The paper, and its DOI.
    license : str
        Licence of the code that computes the labels.
    library : str
        The distribution that computes them; its version becomes part of a result's identity.
    version : str
        Changed whenever the labels of the same parameters change.
    connected : bool
        Every superpixel is one 4-connected component.
    exact_count : bool
        Exactly `n` superpixels come back, for every n from 1 to H * W.
    deterministic : bool
        The same image, n and parameters give the same labels. Without a parameter ``seed`` they are
        then computed once for all seeds of a run.
    devices : tuple of str
        What it can run on, ``"cpu"`` and ``"cuda"``.
    presets : dict of str to dict of str to value
        Settings of several parameters under one name, chosen by the parameter ``preset``, a
        ``Literal["auto", "paper", "quick"]``: "paper" as published, "quick" for a CPU. "auto" is
        "paper" on CUDA and "quick" on the CPU. A value that is given beats that of the preset,
        which beats the default.
    all_cores : bool
        On the CPU it can use every core by itself; the runner then gives it the machine alone, as
        far as `wants_all_cores` says so.
    departures : str
        How it differs from the paper, and what else a reader of its results must know.
    expected_failures : dict of str to str
        Contract checks known to fail, with the reason.

    Examples
    --------
    >>> import numpy as np
    >>> class Rows(Method):
    ...     name = "rows"
    ...     height: int = 8
    ...
    ...     def segment(self, image, n):
    ...         rows = np.arange(image.shape[0]) // self.height
    ...         return np.repeat(rows[:, None], image.shape[1], axis=1)
    >>> Rows(height=4)
    rows[height=4]
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
    presets: ClassVar[Mapping[str, Mapping[str, bool | int | float | str]]] = {}
    all_cores: ClassVar[bool] = False
    departures: ClassVar[str] = ""
    expected_failures: ClassVar[Mapping[str, str]] = {}

    #: What the last call of `segment` wants recorded beside its labels, such as a number of trials.
    facts: Mapping[str, int | float | str] = {}

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Let `segment` take any image that `methods.segment` takes."""
        super().__init_subclass__(**keywords)
        for name in ("segment", "segment_many"):
            if name in vars(cls):
                setattr(cls, name, _with_a_door(getattr(cls, name)))

    def __init__(self, **values: Any) -> None:
        """Store the parameters, after checking their names and types.

        A ``device`` and a ``preset`` of "auto" are stored as what they stand for.

        Raises
        ------
        ParameterError
            If a name is unknown, a value has the wrong type, or one without default is missing;
            if there is no such preset, or the device is not there.
        ValueError
            If `validate` refuses a value.
        """
        known = {parameter.name: parameter for parameter in self.parameters()}
        for name in values:
            if name not in known:
                raise unknown(name, known, f"method {self.name!r}")
        for name, value in self._settings(known, values).items():
            if value is REQUIRED:
                raise ParameterError(
                    f"method {self.name!r} needs a value for {name!r}, it has no default: "
                    f"{self.name}[{name}=...]"
                )
            setattr(self, name, known[name].check(value))
        self.validate()

    @classmethod
    def _settings(cls, known: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every parameter: as it is given, else as its preset says, else its default."""
        defaults = {name: parameter.default for name, parameter in known.items()}
        resolved: dict[str, Any] = {}
        if "device" in known:
            asked = known["device"].check(given.get("device", defaults["device"]))
            resolved["device"] = resolve_device(str(asked), cls.devices, cls.name)
        if "preset" in known:
            asked = known["preset"].check(given.get("preset", defaults["preset"]))
            resolved["preset"] = cls._find_preset(str(asked), resolved.get("device", "cpu"))
        preset = dict(cls.presets.get(resolved.get("preset", ""), {}))
        for name in preset:
            if name not in known:
                raise unknown(name, known, f"method {cls.name!r}, whose presets name it,")
        return defaults | preset | dict(given) | resolved

    @classmethod
    def _find_preset(cls, asked: str, device: str) -> str:
        """Return the name of a preset, that of "auto" by the device."""
        name = auto_preset(device) if asked == "auto" else asked
        if cls.presets and name not in cls.presets:
            raise ParameterError(
                f"method {cls.name!r} has no preset {name!r}; it has {', '.join(cls.presets)}"
            )
        return name

    def segment(self, image: NDArray[np.uint8], n: int) -> NDArray[Any]:
        """Divide an image into about `n` superpixels.

        Parameters
        ----------
        image : (H, W, 3) ndarray of uint8
            sRGB, contiguous; must not be modified.
        n : int
            Superpixels asked for, 1 to H * W.

        Returns
        -------
        (H, W) ndarray of any integers
            The caller renumbers them.

        Raises
        ------
        Skip
            If the method declines this image or count.
        """
        raise NotImplementedError(f"method {self.name!r} defines no segment(image, n)")

    def segment_many(self, image: NDArray[np.uint8], ns: Sequence[int]) -> Sequence[NDArray[Any]]:
        """Divide an image at several counts; worth defining where they have work in common.

        The runner then asks for all counts of an image at once. It counts the time of this call
        as what they share, and the time of taking an item of the result as that count's own:
        return an `OnDemand`, or, where all work is shared, a list. `facts` are set while an item is
        taken. A class derived from one with `segment_many` that overrides `segment` is asked for
        one count at a time, until it overrides this, too.

        Parameters
        ----------
        image : (H, W, 3) ndarray of uint8
        ns : sequence of int
            Superpixels asked for, each 1 to H * W.

        Returns
        -------
        sequence of (H, W) ndarray of any integers
            One for each of `ns`, equal to ``segment(image, n)``.
        """
        return OnDemand(lambda n: self.segment(image, n), ns)

    def validate(self) -> None:
        """Raise a ValueError (value, reason, cure) if a parameter is out of range."""

    def warm_up(self, image: NDArray[np.uint8], n: int) -> None:
        """Run once, untimed, so that imports and compilation stay out of the measured time.

        Segments a corner of at most 128 x 128 pixels at the same superpixel size. Whatever
        `segment` raises is raised here, too. The runner then tries the measured call all the same
        and, if that succeeds, keeps what was raised in the row (``warm_up`` in the column facts).
        """
        corner = image[:128, :128].copy()
        fewer = max(1, round(n * corner.size / image.size))
        try:
            self.segment(corner, fewer)
            if self.shares_work():
                self.segment_many(corner, [fewer])[0]
        finally:
            self.facts = {}

    def wants_all_cores(self, height: int, width: int, n: int) -> bool:  # noqa: ARG002
        """Return whether an image of height x width pixels has the machine alone, on the CPU.

        It is `all_cores`, unless a subclass knows for which sizes several cores help.
        """
        return self.all_cores

    def memory_needed(self, height: int, width: int, n: int) -> int:  # noqa: ARG002
        """Return the bytes that an image of height x width pixels needs on the CPU; 0 if few.

        The runner has no more such calls in work than the memory that was free at its start holds.
        """
        return 0

    @classmethod
    def shares_work(cls) -> bool:
        """Return whether several counts at once are less work than one after the other."""
        for each in cls.__mro__:
            if "segment_many" in vars(each):
                return each is not Method
            if "segment" in vars(each):  # newer than the segment_many further up
                return False
        return False

    @classmethod
    def parameters(cls) -> list[Parameter]:
        """Return the parameters, inherited ones first."""
        return find_parameters(cls, Method)

    @classmethod
    def runnable_by_default(cls) -> bool:
        """Return whether every parameter has a default, so that ``--methods all`` includes it."""
        return all(parameter.default is not REQUIRED for parameter in cls.parameters())

    @classmethod
    def parse_params(cls, texts: Mapping[str, str]) -> dict[str, bool | int | float | str]:
        """Return parameters written as text, as the command line has them, as values.

        Raises
        ------
        ParameterError
            If a name is unknown or a text does not denote a value of the parameter's type.
        """
        known = {parameter.name: parameter for parameter in cls.parameters()}
        for name in texts:
            if name not in known:
                raise unknown(name, known, f"method {cls.name!r}")
        return {name: known[name].parse(text) for name, text in texts.items()}

    def params(self) -> dict[str, bool | int | float | str]:
        """Return all parameters as JSON values."""
        return {parameter.name: getattr(self, parameter.name) for parameter in self.parameters()}

    def non_default_params(self) -> dict[str, bool | int | float | str]:
        """Return the parameters that differ from what the preset says, else from their defaults.

        The preset itself, and a device that "auto" stands for, are not among them.
        """
        params = self.params()
        usual = {parameter.name: parameter.default for parameter in self.parameters()}
        preset: Any = params.get("preset")
        usual |= {**self.presets.get(preset, {}), "preset": preset}
        if usual.get("device") == "auto":
            usual["device"] = resolve_device("auto", self.devices, self.name)
        return {name: value for name, value in params.items() if value != usual[name]}

    def __repr__(self) -> str:
        shown = {name: value for name, value in self.params().items() if name == "preset"}
        shown |= self.non_default_params()
        given = ",".join(f"{name}={value}" for name, value in shown.items())
        return f"{self.name}[{given}]" if given else self.name


def _with_a_door(segment: Callable[..., Any]) -> Callable[..., Any]:
    """Convert the image before a method sees it; one that is 8-bit RGB passes as it is."""

    @functools.wraps(segment)
    def converted(self: Method, image: Any, *rest: Any, **named: Any) -> Any:
        from methods.image import as_rgb_uint8

        return segment(self, as_rgb_uint8(image), *rest, **named)

    return converted
