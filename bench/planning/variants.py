"""The methods of a run with their parameters and presets, and what each is called."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from bench.errors import UsageError
from bench.planning.selection import Choice
from methods.base import Method
from methods.device import DeviceError, auto_preset, cuda_available, resolve_device
from methods.registry import BUILTIN, UnknownMethodError, get_class, list_methods, method_version

# Parameters with a column of their own, which the runner fills from its options.
RUN_OPTIONS = ("seed", "device")


#: The preset that is a method as published; any other is named wherever the method is.
PUBLISHED = "paper"


@dataclass(frozen=True)
class Variant:
    """One method with its parameters, as results, plots and folders call it.

    Attributes
    ----------
    params : dict
        All parameters but those with a column of their own.
    given : dict
        What the method is made with; a device and a preset are never "auto".
    named : dict
        The parameters that are not as the preset or the defaults say.
    preset_asked : str
        The preset that was asked for, perhaps "auto"; empty if the method has none.
    method : Method or None
        Asked what an image needs; None for what is not run by a method.
    draws : bool
        Whether another seed may give other labels.
    called : str
        What the user calls it, instead of title, preset and parameters; empty if nothing.
    """

    name: str
    params: dict[str, Any]
    given: dict[str, Any]
    version: str
    title: str
    named: dict[str, Any]
    takes: frozenset[str] = frozenset()
    preset_asked: str = ""
    shares_work: bool = False
    method: Method | None = field(default=None, compare=False)
    draws: bool = True
    called: str = ""

    def needs(self, size: tuple[int, int] | None, n: int) -> tuple[bool, int]:
        """Return whether an image has the machine alone, and the bytes that it takes, on the CPU.

        An image that cannot be read (`size` is None) costs nothing, wherever that is found out.
        What a plugin raises instead `bench check` says; its cells run as its class says.
        """
        if self.method is None or size is None:
            return False, 0
        try:
            return (
                bool(self.method.wants_all_cores(*size, n)),
                int(self.method.memory_needed(*size, n)),
            )
        except Exception:
            return self.method.all_cores, 0

    @property
    def device(self) -> str:
        """Where it runs."""
        return str(self.given.get("device", "cpu"))

    @property
    def preset(self) -> str:
        """Its preset, unless it has none or that is the published one."""
        preset = str(self.given.get("preset", ""))
        return "" if preset == PUBLISHED else preset

    @property
    def label(self) -> str:
        """What plots call it: the title, the preset, the parameters that are not as usual.

        It follows from the method and its parameters alone, unless the user named the choice.
        """
        if self.called:
            return self.called
        preset = f" ({self.preset})" if self.preset else ""
        return self.title + preset + _in_brackets(self.named)

    @property
    def identity(self) -> str:
        """What makes it the same variant as another."""
        own = {k: self.given[k] for k in RUN_OPTIONS if k in self.given}
        return json.dumps([self.name, self.params, own], sort_keys=True)

    @property
    def settings(self) -> tuple[str, str]:
        """The method and its parameters, which one label stands for."""
        return self.name, self.params_json

    @property
    def folder(self) -> str:
        """What its folder of label maps is called."""
        preset = {"preset": self.preset} if self.preset else {}
        return self.name + _in_brackets(self.named | preset)

    @property
    def params_json(self) -> str:
        """All parameters as JSON with sorted keys, the form in which results keep them."""
        return json.dumps(self.params, sort_keys=True)


def make_variants(
    choices: Sequence[Choice], preset: str = "auto", device: str = "auto", dataset: str = ""
) -> list[Variant]:
    """Check every chosen method and its parameters before anything runs.

    Parameters
    ----------
    choices : sequence of Choice
    preset, device : str
        For methods that declare them and are not given their own.
    dataset : str
        Name of the data set; on the embedded "sample", the preset "auto" is "quick".

    Raises
    ------
    UsageError
        For an unknown method or parameter, a value that the method refuses, a device that is
        not there, or labels of the user's that are not one for each method and its parameters.
    """
    made = [_variant(choice, preset, device, dataset) for choice in choices]
    called = _labels_of_the_users(made)
    labelled = [replace(variant, called=called[variant.settings]) for variant in made]
    _refuse_one_label_for_two(labelled)
    # Choices that differ in writing only, such as sigma=1 and sigma=1.0, are one variant.
    return list({variant.identity: variant for variant in labelled}.values())


def _labels_of_the_users(variants: Iterable[Variant]) -> dict[tuple[str, str], str]:
    """Return what the user calls each method with its parameters, empty if nothing."""
    called: dict[tuple[str, str], str] = {}
    for variant in variants:
        label = called.get(variant.settings) or variant.called
        if variant.called not in ("", label):
            raise UsageError(
                f"--methods: '{label}' and '{variant.called}' are both {variant.folder};"
                " give it one label"
            )
        called[variant.settings] = label
    return called


def _refuse_one_label_for_two(variants: Iterable[Variant]) -> None:
    """Refuse a label of the user's that another variant has as well."""
    owners: dict[str, Variant] = {}
    for variant in variants:
        owner = owners.setdefault(variant.label, variant)
        if owner.settings != variant.settings and (owner.called or variant.called):
            raise UsageError(
                f"--methods: '{variant.label}' would be both {owner.folder} and"
                f" {variant.folder}; give each a label of its own"
            )


def _variant(choice: Choice, preset: str, device: str, dataset: str) -> Variant:
    try:
        cls = get_class(choice.name)
        given: dict[str, Any] = cls.parse_params(dict(choice.params))
        takes = frozenset(parameter.name for parameter in cls.parameters())
        where, asked = "cpu", ""
        if "device" in takes:
            where = resolve_device(given.get("device", device), cls.devices, cls.name)
            if ":" in where:
                raise DeviceError(
                    f"device={where!r}: a worker sees one CUDA device; use device 'cuda', and"
                    " CUDA_VISIBLE_DEVICES to choose among several"
                )
            given["device"] = where
        if "preset" in takes:
            asked = given.get("preset", preset)
            given["preset"] = choose_preset(asked, where, dataset)
        method = cls(**given)
    except UnknownMethodError as error:
        raise UsageError(f"--methods: {error}; one of your own needs --plugin FILE") from error
    except DeviceError as error:
        option = "--methods" if "device" in dict(choice.params) else "--device"
        raise UsageError(f"{option}: {choice.name}: {error}") from error
    except (ValueError, TypeError, ImportError) as error:
        raise UsageError(f"--methods: {choice.name}: {error}") from error
    return Variant(
        name=choice.name,
        params=_without_options(method.params()),
        given=given,
        version=method_version(cls),
        title=_title(cls),
        named=_without_options(method.non_default_params()),
        takes=takes,
        preset_asked=asked,
        shares_work=cls.shares_work(),
        method=method,
        draws="seed" in takes or not cls.deterministic,
        called=_called(choice, method),
    )


def _called(choice: Choice, method: Method) -> str:
    """Return the label that the user gave, with the parameters that vary under it."""
    if not choice.label:
        return ""
    params = _without_options(method.params())
    return choice.label + _in_brackets({k: params[k] for k in choice.varying if k in params})


def _title(cls: type[Method]) -> str:
    """Return the title of a method, with its name where a built-in method has that title.

    Of two plugins with one title neither is told apart here: which of them are loaded may change
    from run to run, and a label must not. Reading results tells their rows apart.
    """
    title = cls.title or cls.name
    if cls.name in BUILTIN or title.casefold() not in _titles_taken():
        return title
    return f"{title} ({cls.name})"


@cache
def _titles_taken() -> frozenset[str]:
    return frozenset(get_class(name).title.casefold() for name in BUILTIN)


def _without_options(params: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in params.items() if k not in RUN_OPTIONS}


def _in_brackets(params: dict[str, Any]) -> str:
    inside = ",".join(f"{k}={v}" for k, v in sorted(params.items()))
    return f"[{inside}]" if inside else ""


def default_methods() -> list[str]:
    """Return what ``--methods all`` stands for: the methods that need no parameter."""
    return [name for name in list_methods() if get_class(name).runnable_by_default()]


#: The data set that comes along is for a first look, which nobody wants to wait hours for.
FIRST_LOOK = "sample"


_OTHERS = {
    "quick": "--preset paper for the published settings",
    "paper": "--preset quick for a faster try",
}


def choose_preset(asked: str, device: str, dataset: str) -> str:
    """Return the preset that is meant.

    Parameters
    ----------
    asked : str
        What the user asked for, perhaps "auto".
    device : str
        Where the method runs.
    dataset : str
        Name of the data set, or empty.
    """
    if asked != "auto":
        return asked
    return "quick" if dataset == FIRST_LOOK else auto_preset(device)


def explain_presets(variants: Iterable[Variant], dataset: str) -> Iterator[str]:
    """Say once for each preset that "auto" chose: for which methods, and why.

    Parameters
    ----------
    variants : iterable of Variant
    dataset : str
        Name of the data set that they were chosen for.
    """
    names: dict[tuple[str, str], dict[str, None]] = {}
    for variant in variants:
        if variant.preset_asked == "auto":
            chosen = str(variant.given["preset"])
            names.setdefault((chosen, _reason(variant.device, dataset)), {})[variant.name] = None
    for (preset, reason), methods in names.items():
        cure = f"; {_OTHERS[preset]}" if preset in _OTHERS else ""
        yield f"{', '.join(methods)}: preset {preset} ({reason}{cure})"


def _reason(device: str, dataset: str) -> str:
    if dataset == FIRST_LOOK:
        return "the sample images are for a first look"
    if device != "cpu":
        return "on CUDA"
    return "on the CPU" if cuda_available() else "no CUDA device"
