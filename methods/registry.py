"""Which methods there are: built-in names without import, plugins, and how to make one by name."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from methods import plugins
from methods.base import Method
from methods.names import did_you_mean
from methods.plugins import PluginError

ENTRY_POINT_GROUP = "superpixel_bench.methods"

BUILTIN: dict[str, str] = {
    "command": "methods.command:Command",
    "crs": "methods.classical.crs:ContourRelaxed",
    "crs_lab": "methods.classical.crs_lab:ContourRelaxedLab",
    "cvslic": "methods.classical.cvslic:CvSlic",
    "disf": "methods.classical.disf:Disf",
    "ea": "methods.neural.ea:EdgeAware",
    "ergc": "methods.classical.ergc:Ergc",
    "ers": "methods.classical.ers:EntropyRate",
    "etps": "methods.classical.etps:Etps",
    "fastslic": "methods.classical.fastslic:FastSlic",
    "fh": "methods.classical.fh:Felzenszwalb",
    "gmmsp": "methods.classical.gmmsp:Gmmsp",
    "grid": "methods.classical.grid:Grid",
    "hex": "methods.classical.hex:Hexagons",
    "lsc": "methods.classical.lsc:Lsc",
    "mslic": "methods.classical.mslic:Mslic",
    "preslic": "methods.classical.preslic:PreSlic",
    "preslic_centres": "methods.classical.preslic_centres:PreSlicCentres",
    "proposed": "methods.neural.proposed:Proposed",
    "quickshift": "methods.classical.quickshift:QuickShift",
    "rim": "methods.neural.rim:Rim",
    "scan": "methods.classical.scan:ScanSegment",
    "seeds": "methods.classical.seeds:Seeds",
    "sh": "methods.classical.sh:SuperpixelHierarchy",
    "slic": "methods.classical.slic:Slic",
    "slico": "methods.classical.slico:Slico",
    "snic": "methods.classical.snic:Snic",
    "voronoi": "methods.classical.voronoi:Voronoi",
    "watershed": "methods.classical.watershed:CompactWatershed",
    "waterpixels": "methods.classical.waterpixels:Waterpixels",
}

M = TypeVar("M", bound=type[Method])


class UnknownMethodError(ValueError):
    """No method has that name."""


class RegistrationError(ValueError):
    """A class that cannot become a method, or whose name another one has."""


@dataclass(frozen=True)
class Entry:
    """One line of ``bench list methods``.

    Attributes
    ----------
    name : str
    origin : str
        Where the method comes from: a built-in class, a distribution or a file.
    error : str or None
        Why it cannot be used.
    """

    name: str
    origin: str
    error: str | None = None


_registered: dict[str, type[Method]] = {}
_entry_points: dict[str, Entry] | None = None  # None until they have been imported


def register(cls: M) -> M:
    """Make a `Method` subclass known under its `name`; used as a decorator.

    Raises
    ------
    RegistrationError
        If the class has no name or no `segment`, or another method has its name.
    TypeError
        If an annotation or default of the class cannot be a parameter.
    """
    if not (isinstance(cls, type) and issubclass(cls, Method)):
        raise RegistrationError(f"{cls!r} is no method: derive the class from methods.Method")
    place = _place(cls)
    if not cls.name or not cls.name.replace("_", "").replace("-", "").isalnum():
        raise RegistrationError(
            f"{place} has name={cls.name!r}: a method's name is made of letters, digits, - and _"
        )
    if cls.name == "all":
        raise RegistrationError(f"{place} has name='all', which means all methods; choose another")
    if cls.segment is Method.segment:
        raise RegistrationError(f"{place} defines no segment(self, image, n)")
    for fact in ("title", "reference", "doi", "license", "library", "version", "departures"):
        if not isinstance(getattr(cls, fact), str):
            raise RegistrationError(
                f"{place} has {fact}={getattr(cls, fact)!r}: declare it as a text"
            )
    cls.parameters()  # raises where an annotation is no parameter
    if BUILTIN.get(cls.name) == place:
        return cls
    if _registered.get(cls.name) is cls:
        return cls
    holder = _holder(cls.name)
    if holder == _origin(cls) and plugins.file_of(cls.__module__):
        raise RegistrationError(
            f"two classes {holder} ({_line(_registered[cls.name])} and {_line(cls)}) have the"
            f" method name {cls.name!r}: give one of them another `name`"
        )
    if holder not in (None, _origin(cls)):
        raise RegistrationError(
            f"the method name {cls.name!r} of {_origin(cls)} is taken by {holder}: "
            f"give one of them another `name`"
        )
    _registered[cls.name] = cls
    return cls


def entries() -> list[Entry]:
    """Return every known method and every plugin that could not be loaded, sorted by name.

    Built-in methods are named without being imported; installed plugins are imported.
    """
    broken = {name: entry for name, entry in _load_entry_points().items() if entry.error}
    found = [Entry(name, f"built-in {place}") for name, place in BUILTIN.items()]
    found += [Entry(name, _origin(cls)) for name, cls in _registered.items()]
    return sorted([*found, *broken.values()], key=lambda entry: (entry.name, entry.origin))


def list_methods() -> list[str]:
    """Return the sorted names of all usable methods."""
    return [entry.name for entry in entries() if entry.error is None]


def get_class(name: str) -> type[Method]:
    """Return the class of the method called `name`.

    Raises
    ------
    UnknownMethodError
        If there is none; the message suggests the nearest names.
    PluginError
        If an installed plugin announces it but cannot be loaded.
    """
    if not isinstance(name, str):
        raise UnknownMethodError(f"a method is chosen by its name, a string, not by {name!r}")
    if name in BUILTIN:
        module, _, attribute = BUILTIN[name].partition(":")
        found: type[Method] = getattr(importlib.import_module(module), attribute)
        return found
    if name not in _registered:
        broken = _load_entry_points().get(name)
        if name not in _registered and broken is not None and broken.error:
            raise PluginError(f"method {name!r} of {broken.origin} is broken: {broken.error}")
    if name not in _registered:
        known = list_methods()
        hint = did_you_mean(name, known, most=3) or f"there are {', '.join(known)}"
        if "[" in name:
            hint = "from Python, give parameters as keywords: segment(image, n, method, name=value)"
        raise UnknownMethodError(f"unknown method {name!r}; {hint}")
    return _registered[name]


def get_method(name: str, **params: Any) -> Method:
    """Return the method called `name` with the given parameters.

    Raises
    ------
    UnknownMethodError, PluginError
        As `get_class`.
    ParameterError
        If a parameter is unknown or has the wrong type.
    """
    return get_class(name)(**params)


def registered_from(module: str) -> list[str]:
    """Return the names of the methods that the module of that name has registered."""
    return [name for name, cls in _registered.items() if cls.__module__ == module]


def forget(module: str) -> None:
    """Drop the methods that the module of that name has registered."""
    for name in registered_from(module):
        del _registered[name]


#: How plugins add methods.
METHODS = plugins.Register(
    "registers no method: put @register before a subclass of Method", registered_from, forget
)


def load_plugin_file(path: str | Path) -> list[str]:
    """Import a Python file and return the names of the methods it registers.

    Loading an unchanged file again does nothing. What lies beside the file can be imported from it
    and stays its own: another plugin's file of the same name is another module.

    Raises
    ------
    PluginError
        If the file is missing, fails to import, or registers no method.
    """
    return plugins.load(path, [METHODS])


def method_version(cls: type[Method]) -> str:
    """Return what identifies the code of a method in a result.

    That is the class's own `version`, the version of the library it wraps, and for a class from
    outside this package the first 12 hexadecimal digits of a SHA-256: of its file and of those that
    the file imports from its folder; of an installed package, of all of its Python files.
    """
    parts = [cls.version]
    if cls.library:
        try:
            version = importlib.metadata.version(cls.library)
            # A build such as 2.13.0+cu128 is the same code for another machine.
            parts.append(f"{cls.library}-{version.partition('+')[0]}")
        except importlib.metadata.PackageNotFoundError:
            parts.append(f"{cls.library}-unknown")
    if _place(cls) not in BUILTIN.values():
        digest = _source_digest(cls.__module__)
        if digest:
            parts.append(f"sha256-{digest[:12]}")
    return "+".join(parts)


def _source_digest(module: str) -> str | None:
    """Return the SHA-256 of a module's sources: a plugin's files, or those of a whole package."""
    source = getattr(sys.modules.get(module), "__file__", None)
    if source is None:
        return None
    digest = plugins.digest_of(module)
    if digest:
        return digest
    top = module.partition(".")[0]
    if top == module or top in plugins.OURS:
        return hashlib.sha256(Path(source).read_bytes()).hexdigest()
    folders = getattr(sys.modules.get(top), "__path__", ())
    files = sorted(file for folder in folders for file in Path(folder).rglob("*.py"))
    contents = [hashlib.sha256(file.read_bytes()).digest() for file in files]
    return hashlib.sha256(b"".join(contents)).hexdigest()


def _load_entry_points() -> dict[str, Entry]:
    """Import the installed plugins, once, and return an entry for each entry point."""
    global _entry_points
    if _entry_points is None:
        _entry_points = {}
        for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
            owner = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
            try:
                loaded = point.load()
                if isinstance(loaded, type):
                    register(loaded)
                error = None
            except (Exception, SystemExit) as problem:
                error = f"{type(problem).__name__}: {problem}"
            _entry_points[point.name] = Entry(point.name, f"{owner} ({point.value})", error)
    return _entry_points


def _holder(name: str) -> str | None:
    """Return the origin of the method that has `name`, if any."""
    if name in BUILTIN:
        return f"built-in {BUILTIN[name]}"
    return _origin(_registered[name]) if name in _registered else None


def _place(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _line(cls: type[Method]) -> str:
    """Return where in its file a class defines its first function, in words."""
    file = str(plugins.file_of(cls.__module__))
    functions = [inspect.unwrap(each) for each in vars(cls).values() if callable(each)]
    codes = [each.__code__ for each in functions if inspect.isfunction(each)]
    lines = [code.co_firstlineno for code in codes if code.co_filename == file]
    return f"line {min(lines)}" if lines else "no line of its own"


def _origin(cls: type[Method]) -> str:
    """Return where a registered class comes from, in words."""
    file = plugins.file_of(cls.__module__)
    if file:
        return f"{file}:{cls.__qualname__}"
    for entry in (_entry_points or {}).values():
        if entry.origin.endswith(f"({_place(cls)})"):
            return entry.origin
    return _place(cls)
