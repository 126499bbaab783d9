"""Methods by name: built-ins are listed without being imported, plugins join by three ways.

A plugin is an entry point of the group ``superpixel_bench.methods``, a file given to
`load_plugin_file`, or any class under the `register` decorator.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from methods.base import Method, suggest

GROUP = "superpixel_bench.methods"

BUILTIN: Mapping[str, str] = MappingProxyType(
    {
        "slic": "methods.slic:Slic",
        "slico": "methods.slico:Slico",
        "cvslic": "methods.cvslic:CvSlic",
        "mslic": "methods.mslic:Mslic",
        "seeds": "methods.seeds:Seeds",
        "lsc": "methods.lsc:Lsc",
        "scan": "methods.scan:Scan",
        "fh": "methods.fh:Fh",
        "quickshift": "methods.quickshift:QuickShift",
        "watershed": "methods.watershed:Watershed",
        "waterpixels": "methods.waterpixels:Waterpixels",
        "grid": "methods.grid:Grid",
        "hex": "methods.hex:Hex",
        "voronoi": "methods.voronoi:Voronoi",
        "command": "methods.command:Command",
    }
)

MethodT = TypeVar("MethodT", bound=type[Method])


class UnknownMethodError(ValueError):
    """There is no method of that name; the message suggests the nearest."""


class PluginError(ValueError):
    """A plugin cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Entry:
    """One line of a list of methods.

    Attributes
    ----------
    name : str
        What users type.
    origin : str
        ``built-in``, the distribution, or the file or module that it comes from.
    error : str or None
        Why it cannot be used.
    """

    name: str
    origin: str
    error: str | None = None


_registered: dict[str, type[Method]] = {}
_origins: dict[str, str] = {}


def register(cls: MethodT) -> MethodT:
    """Make a method known by its name; a class decorator.

    Raises
    ------
    ValueError
        If the class has no name, or another class took it; both are named.
    """
    if not (isinstance(cls, type) and issubclass(cls, Method)):
        raise ValueError(f"{cls!r} is no method: derive it from methods.Method")
    if not cls.name:
        raise ValueError(f"{_where(cls)} has no name: give it a class attribute name = '...'")
    other = BUILTIN.get(cls.name)
    if other == f"{cls.__module__}:{cls.__name__}":
        return cls
    if other is None and cls.name in _registered and _where(_registered[cls.name]) != _where(cls):
        other = _where(_registered[cls.name])
    if other is not None:
        raise ValueError(
            f"the method name '{cls.name}' of {_where(cls)} is taken by {other}; choose another"
        )
    if not cls.title:
        cls.title = cls.name
    _registered[cls.name] = cls
    _origins[cls.name] = _where(cls)
    return cls


def _where(cls: type[Method]) -> str:
    return f"{cls.__module__}:{cls.__name__}"


def load_plugin_file(path: Path) -> None:
    """Import a Python file whose methods are under the `register` decorator.

    Loading the same file again changes nothing.

    Raises
    ------
    PluginError
        If there is no such file, it raises, or it registers no method.
    """
    path = Path(path).resolve()
    if not path.is_file():
        raise PluginError(f"there is no plugin file {path}; give the path of a Python file")
    module_name = f"superpixel_bench_plugin_{path.stem}_{_short_hash(str(path).encode())}"
    if module_name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is no Python file; give one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    before = set(_registered)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[module_name]
        for name in set(_registered) - before:
            del _registered[name]
        if not isinstance(error, Exception):
            raise
        raise PluginError(f"{path} cannot be used: {_reason(error)}") from error
    added = set(_registered) - before
    if not added:
        raise PluginError(f"{path} registers no method; put @register above its class")
    _origins.update(dict.fromkeys(added, str(path)))


@cache
def _plugins() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def _plugin_error(name: str) -> str | None:
    """Import an entry point; return why it cannot be used, or None."""
    point = _plugins()[name]
    if name in BUILTIN:
        return f"the name is taken by {BUILTIN[name]}"
    if name in _registered:
        return f"the name is taken by {_where(_registered[name])}"
    try:
        cls = point.load()
        if getattr(cls, "name", None) != name:
            return f"{point.value} calls itself '{getattr(cls, 'name', '')}', not '{name}'"
        register(cls)
    except Exception as error:  # whatever a third party's import may raise
        return _reason(error)
    _origins[name] = point.dist.name if point.dist else point.value
    return None


def entries() -> list[Entry]:
    """Return every method, sorted by name; built-ins are not imported, broken plugins included."""
    found = [Entry(name, "built-in") for name in BUILTIN]
    for name, point in _plugins().items():
        error = _plugin_error(name)
        origin = point.dist.name if point.dist else point.value
        if error:
            found.append(Entry(name, origin, error))
    found += [Entry(name, _origins[name]) for name in _registered]
    return sorted(found, key=lambda entry: (entry.name, entry.origin))


def list_methods() -> list[str]:
    """Return the names of all methods that can be used, sorted."""
    return [entry.name for entry in entries() if entry.error is None]


def runnable_by_default() -> list[str]:
    """Return the methods that need no parameter to be given; what ``--methods all`` means."""
    return [
        name
        for name in list_methods()
        if not any(parameter.required for parameter in get_class(name).parameters())
    ]


def get_class(name: str) -> type[Method]:
    """Return a method's class.

    Raises
    ------
    UnknownMethodError
        If there is no such method, or its plugin is broken.
    """
    if name in BUILTIN:
        module, _, attribute = BUILTIN[name].partition(":")
        found: type[Method] = getattr(importlib.import_module(module), attribute)
        return found
    if name not in _registered and name in _plugins():
        error = _plugin_error(name)
        if error:
            raise UnknownMethodError(f"method '{name}' cannot be used: {error}")
    if name not in _registered:
        raise UnknownMethodError(f"unknown method '{name}'; {suggest(name, list_methods())}")
    return _registered[name]


def get_method(name: str, **params: Any) -> Method:
    """Return a method with its parameters set.

    Raises
    ------
    UnknownMethodError
        If there is no such method.
    ValueError
        For an unknown parameter, or a value that it refuses.
    """
    method = get_class(name)(**params)
    method.validate()
    return method


def method_version(cls: type[Method]) -> str:
    """Return what makes results of a method comparable: its version and that of its code.

    For a plugin file that is the hash of the file, for a wrapped library the library's version.
    """
    parts = [cls.version]
    if cls.library:
        try:
            parts.append(f"{cls.library} {version(cls.library)}")
        except PackageNotFoundError:
            parts.append(cls.library)
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if cls.name not in BUILTIN and file and Path(file).is_file():
        parts.append(_short_hash(Path(file).read_bytes()))
    return "; ".join(parts)


def _short_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}"
