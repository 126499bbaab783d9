"""The benchmark program: choose methods and images, run every cell, keep every result."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType


class _OwnPackages:
    """Finds the suite's other packages beside this one, whatever of their names is on the path."""

    names = ("methods", "metrics", "reports")
    folder = str(Path(__file__).resolve().parents[1])

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None and name in cls.names:
            return PathFinder.find_spec(name, [cls.folder], target)
        return None


sys.meta_path.insert(0, _OwnPackages)
