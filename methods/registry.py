"""Which methods there are: built-in names without import, plugins, and how to make one by name."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from methods.base import Method
from methods.names import did_you_mean

ENTRY_POINT_GROUP = "superpixel_bench.methods"

BUILTIN: dict[str, str] = {
    "command": "methods.command:Command",
    "crs": "methods.classical.crs:ContourRelaxed",
    "cvslic": "methods.classical.cvslic:CvSlic",
    "disf": "methods.classical.disf:Disf",
    "ea": "methods.neural.ea:EdgeAware",
    "ergc": "methods.classical.ergc:Ergc",
    "ers": "methods.classical.ers:EntropyRate",
    "etps": "methods.classical.etps:Etps",
    "fh": "methods.classical.fh:Felzenszwalb",
    "gmmsp": "methods.classical.gmmsp:Gmmsp",
    "grid": "methods.classical.grid:Grid",
    "hex": "methods.classical.hex:Hexagons",
    "lsc": "methods.classical.lsc:Lsc",
    "mslic": "methods.classical.mslic:Mslic",
    "preslic": "methods.classical.preslic:PreSlic",
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


class PluginError(ValueError):
    """A plugin that cannot be loaded."""


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
_plugin_files: dict[str, tuple[Path, str]] = {}  # module name -> its file and the file's SHA-256
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
    cls.parameters()  # raises where an annotation is no parameter
    if BUILTIN.get(cls.name) == place:
        return cls
    holder = _holder(cls.name)
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


def load_plugin_file(path: str | Path) -> list[str]:
    """Import a Python file and return the names of the methods it registers.

    Loading an unchanged file again does nothing; modules beside it can be imported from it.

    Raises
    ------
    PluginError
        If the file is missing, fails to import, or registers no method.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise PluginError(f"plugin {file}: no such file")
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    module_name = f"_plugin_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}_{file.stem}"
    if _plugin_files.get(module_name) != (file, content):
        _import_plugin_file(file, module_name, content)
    names = _names_from(module_name)
    if not names:
        raise PluginError(
            f"plugin {file} registers no method: put @register before a subclass of Method"
        )
    return names


def method_version(cls: type[Method]) -> str:
    """Return what identifies the code of a method in a result.

    That is the class's own `version`, the version of the library it wraps, and for a class from
    outside this package the first 12 hexadecimal digits of its source file's SHA-256.
    """
    parts = [cls.version]
    if cls.library:
        try:
            parts.append(f"{cls.library}-{importlib.metadata.version(cls.library)}")
        except importlib.metadata.PackageNotFoundError:
            parts.append(f"{cls.library}-unknown")
    if _place(cls) not in BUILTIN.values():
        source = getattr(sys.modules.get(cls.__module__), "__file__", None)
        if source:
            parts.append(f"sha256-{hashlib.sha256(Path(source).read_bytes()).hexdigest()[:12]}")
    return "+".join(parts)


def _import_plugin_file(file: Path, module_name: str, content: str) -> None:
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"plugin {file}: not a Python file, its name must end in .py")
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    _plugin_files[module_name] = (file, content)
    for name in _names_from(module_name):
        del _registered[name]
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        for name in _names_from(module_name):
            del _registered[name]
        del sys.modules[module_name], _plugin_files[module_name]
        raise PluginError(f"plugin {file} failed: {type(error).__name__}: {error}") from error


def _names_from(module_name: str) -> list[str]:
    return [name for name, cls in _registered.items() if cls.__module__ == module_name]


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


def _origin(cls: type[Method]) -> str:
    """Return where a registered class comes from, in words."""
    if cls.__module__ in _plugin_files:
        return f"{_plugin_files[cls.__module__][0]}:{cls.__qualname__}"
    for entry in (_entry_points or {}).values():
        if entry.origin.endswith(f"({_place(cls)})"):
            return entry.origin
    return _place(cls)
