"""Python files of third parties, each imported in a room of its own with what lies beside it.

The folder of a plugin becomes a package below this module, named after its path. So two folders
may both have a ``helper.py``, no file beside a plugin is taken for one of the suite's own, and
every process that can import this module can import the plugin by its module's name alone: worker
processes, and the processes that a method starts in its turn.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

# Modules can be imported from below this one; `_Finder` alone finds them.
__path__: list[str] = []

#: The suite itself, whatever of these names lies beside a plugin.
OURS = frozenset({"bench", "methods", "metrics", "reports"})

_LIBRARIES = frozenset(
    {"cv2", "joblib", "matplotlib", "numba", "numpy", "pandas", "PIL", "scipy", "skimage", "torch"}
)

_ROOM = f"{__name__}._"
_DOT = "·"  # stands for a dot in the name of a file, which a module's name cannot have


class PluginError(ValueError):
    """A plugin that cannot be loaded."""


@dataclass(frozen=True)
class Register:
    """A register that plugins enter something into.

    Attributes
    ----------
    cure : str
        What to write in a file for it to register something.
    names_from : callable
        Returns the names that the module of that name has registered.
    forget : callable
        Drops what the module of that name has registered.
    """

    cure: str
    names_from: Callable[[str], list[str]]
    forget: Callable[[str], None]


_loaded: dict[str, str] = {}  # names of the modules of plugin files -> digest of their sources


def load(path: str | Path, registers: Sequence[Register]) -> list[str]:
    """Import a Python file and return the names of what it registers.

    Loading an unchanged file again does nothing; a file is changed if one that it imports from its
    folder is.

    Raises
    ------
    PluginError
        If the file is missing, fails to import, or registers nothing.
    """
    file = Path(path).resolve()
    if not file.is_file():
        raise PluginError(f"plugin {file}: no such file")
    if file.suffix != ".py":
        raise PluginError(f"plugin {file}: not a Python file, its name must end in .py")
    module, digest = _module_of(file), source_digest(file, file.parent)
    if _loaded.get(module, digest) != digest or not _names(file, registers):
        _drop(file, registers)
    if module not in sys.modules:
        _import(file, module, registers)
    _loaded[module] = digest
    names = _names(file, registers)
    if not names:
        cures = " or ".join(register.cure for register in registers)
        raise PluginError(f"plugin {file} {cures}")
    return names


def _names(file: Path, registers: Sequence[Register]) -> list[str]:
    modules = _imported(file)
    return [
        name for each in modules for register in registers for name in register.names_from(each)
    ]


def file_of(module: str) -> Path | None:
    """Return the file of a module that came with a plugin; None for any other module."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file) if module.startswith(_ROOM) and file else None


def digest_of(module: str) -> str | None:
    """Return the `source_digest` of a module that came with a plugin; None for any other module."""
    file = file_of(module)
    return None if file is None else source_digest(file, _folder_of(module))


def source_digest(file: Path, folder: Path) -> str:
    """Return the SHA-256 of a plugin's file and of all that it imports from the plugin's folder.

    Files that are imported only when a method runs count as well, and the whole of a package.
    """
    files = source_files(file, folder)
    contents = [hashlib.sha256(each.read_bytes()).hexdigest() for each in files]
    if files == [file]:
        return contents[0]
    named = zip(files, contents, strict=True)
    lines = [f"{os.path.relpath(each, folder)} {content}\n" for each, content in named]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def source_files(file: Path, folder: Path) -> list[Path]:
    """Return a file and those of a folder that its import statements lead to, sorted."""
    found, waiting = {file}, [file]
    while waiting:
        fresh = set(_files_imported(waiting.pop(), folder)) - found
        found |= fresh
        waiting += fresh
    return sorted(found)


def _files_imported(file: Path, folder: Path) -> Iterator[Path]:
    """Return the files of a folder that the import statements of one of them may load."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # the last two: nested deeply
        return  # importing it will say so
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            tops = [(folder, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            tops = [(folder, node.module or "")]
        elif isinstance(node, ast.ImportFrom):
            base = file.parents[min(node.level, len(file.parents)) - 1]
            tops = [(base, node.module or alias.name) for alias in node.names]
        else:
            continue
        for base, name in tops:
            top = name.partition(".")[0]
            absolute = isinstance(node, ast.Import) or node.level == 0
            if base.is_relative_to(folder) and not (absolute and _is_reserved(top)):
                yield from _files_of(base, top)


def _files_of(folder: Path, top: str) -> Iterator[Path]:
    if (folder / f"{top}.py").is_file():
        yield folder / f"{top}.py"
    if top and (folder / top).is_dir():
        yield from (each for each in (folder / top).rglob("*.py") if each.is_file())


def _is_reserved(top: str) -> bool:
    """Whether a name means the same everywhere, whatever lies beside a plugin."""
    return top in OURS or top in _LIBRARIES or top in sys.stdlib_module_names


def _module_of(file: Path) -> str:
    """Return the name under which a file is imported; the same in every process."""
    return f"{_ROOM}{os.fsencode(file.parent).hex()}.{file.stem.replace('.', _DOT)}"


def _folder_of(module: str) -> Path:
    """Return the folder of the plugin that a module belongs to."""
    return Path(os.fsdecode(bytes.fromhex(module.removeprefix(_ROOM).partition(".")[0])))


def _imported(file: Path) -> list[str]:
    """Return the names of the modules that a plugin file has brought along, sorted."""
    files = {str(each) for each in source_files(file, file.parent)}
    return sorted(
        name
        for name, module in list(sys.modules.items())
        if name.startswith(_ROOM) and getattr(module, "__file__", None) in files
    )


def _import(file: Path, module: str, registers: Sequence[Register]) -> None:
    importlib.invalidate_caches()
    _find_sibling.cache_clear()
    before = list(sys.path)
    try:
        importlib.import_module(module)
    except KeyboardInterrupt:
        raise  # the user's
    except BaseException as error:
        _drop(file, registers)
        raise PluginError(f"plugin {file} failed: {_said(error)}") from error
    finally:
        _keep_ours_first(before)


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # its message is the plugin's code, too
        return type(error).__name__


def _keep_ours_first(before: Sequence[str]) -> None:
    """Let folders that a plugin has put on the path come last: they never shadow the suite."""
    added = [folder for folder in sys.path if folder not in before]
    ours = str(Path(__file__).resolve().parents[1])
    if added:
        sys.path[:] = [*before, *([] if ours in before else [ours]), *added]


def _drop(file: Path, registers: Sequence[Register]) -> None:
    """Forget a plugin file, what it brought along and what they have registered."""
    for name in {*_imported(file), _module_of(file)}:
        sys.modules.pop(name, None)
        _loaded.pop(name, None)
        for register in registers:
            register.forget(name)


class _Finder:
    """Finds the folders of plugins by name, and what is imported from them."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_ROOM):
            return None
        name = fullname.removeprefix(_ROOM).partition(".")[2]
        folder = _folder_of(fullname)
        if not name:
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [str(folder)]
            return spec
        if _DOT in name:
            file = str(folder / f"{name.replace(_DOT, '.')}.py")
            return spec_from_file_location(fullname, file, loader=_Loader(fullname, file))
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _Loader(found.loader.name, found.loader.path)
        return found


class _Loader(SourceFileLoader):
    """Runs a plugin's module; its import statements look into its folder first."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile anew: nothing stale, and nothing left behind in the user's folder."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code

    def exec_module(self, module: ModuleType) -> None:
        own = {**vars(builtins), "__import__": _importer(module.__name__, self.path)}
        module.__dict__["__builtins__"] = own
        super().exec_module(module)


def _importer(module: str, file: str) -> Callable[..., Any]:
    """Return what import statements in a plugin's module call."""
    place = module.removeprefix(_ROOM).partition(".")[0]
    folder = str(_folder_of(module))

    def import_from_folder_first(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        top = name.partition(".")[0]
        if level or not _find_sibling(folder, top, file):
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        beside = f"{_ROOM}{place}.{name}"
        if fromlist:
            return builtins.__import__(beside, globals, locals, fromlist, 0)
        importlib.import_module(beside)
        return sys.modules[f"{_ROOM}{place}.{top}"]

    return import_from_folder_first


@cache
def _find_sibling(folder: str, top: str, importer: str) -> bool:
    """Whether a name means what lies in the folder: before what is installed, behind our own.

    A file that wraps a library and has its name (``skimage.py``) imports the library.
    """
    if _is_reserved(top):
        return False
    spec = PathFinder.find_spec(top, [folder])
    if spec is None:
        return False
    if spec.origin is None:  # a folder without __init__.py gives way to what is installed
        return top not in sys.modules and find_spec(top) is None
    return spec.origin != importer


sys.meta_path.insert(0, _Finder)
