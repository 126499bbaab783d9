"""A plugin is a file in a folder of its own: what lies beside it is its own, and counts."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from methods import get_method, list_methods, plugins, registry
from methods.plugins import PluginError
from methods.registry import (
    RegistrationError,
    get_class,
    load_plugin_file,
    method_version,
    register,
)

# As scripts often do.
HERE = "import sys, pathlib; sys.path.insert(0, str(pathlib.Path(__file__).parent))"

METHOD = """
from __future__ import annotations
import numpy as np
from methods import Method, register
{imports}

def work(x):
    return x + 1

@register
class Mine(Method):
    name = "{name}"

    def segment(self, image, n):
        {first}
        return np.zeros(image.shape[:2], int) + ({value})
"""


@pytest.fixture(autouse=True)
def no_trace(monkeypatch):
    """Give every test an empty registry of its own."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(registry, "_entry_points", {})
    monkeypatch.setattr(sys, "path", list(sys.path))


def plugin(folder, value="0", imports="", first="pass", name="mine", file="mine.py"):
    folder.mkdir(parents=True, exist_ok=True)
    text = METHOD.format(imports=imports, first=first, value=value, name=name)
    (folder / file).write_text(text)
    return folder / file


def label(name):
    return int(get_method(name).segment(np.zeros((2, 2, 3), np.uint8), 1)[0, 0])


def version(path):
    load_plugin_file(path)
    return method_version(get_class("mine"))


@pytest.mark.parametrize(
    ("imports", "first", "value"),
    [
        ("import helper", "pass", "helper.PART"),
        ("import helper as h", "pass", "h.PART"),
        ("from helper import PART", "pass", "PART"),
        ("from .helper import PART", "pass", "PART"),
        ("from . import helper", "pass", "helper.PART"),
        ("", "import helper", "helper.PART"),
        ("", "from helper import PART", "PART"),
        ("import between", "pass", "between.helper.PART"),
        ("import pack.inner", "pass", "pack.inner.PART"),
        ("import pack.inner as inner", "pass", "inner.PART"),
        ("from pack import inner", "pass", "inner.PART"),
        ("from pack.inner import PART", "pass", "PART"),
        ("", "import pack.lazy", "pack.lazy.part()"),
        ("from bare.inner import PART", "pass", "PART"),
        (f"{HERE}; import helper", "pass", "helper.PART"),
    ],
)
def test_two_plugins_have_a_helper_of_one_name_each(tmp_path, imports, first, value):
    for part, name in ((1, "a"), (2, "b")):
        folder = tmp_path / name
        (folder / "pack").mkdir(parents=True)
        (folder / "bare").mkdir()
        (folder / "helper.py").write_text(f"PART = {part}\n")
        (folder / "between.py").write_text("import helper\n")
        (folder / "pack" / "__init__.py").write_text("")
        (folder / "pack" / "inner.py").write_text("from helper import PART\n")
        (folder / "pack" / "lazy.py").write_text(
            "def part():\n    from .inner import PART\n    return PART\n"
        )
        (folder / "bare" / "inner.py").write_text("from ..helper import PART\n")
        load_plugin_file(plugin(folder, value, imports, first, name))
    assert [label("a"), label("b"), label("a")] == [1, 2, 1]
    assert "helper" not in sys.modules


@pytest.mark.parametrize(
    ("imports", "first", "file"),
    [
        ("import helper", "pass", "helper.py"),
        ("", "import helper", "helper.py"),
        ("import between", "pass", "helper.py"),
        ("from . import helper", "pass", "helper.py"),
        ("import pack", "pass", "pack/deep/inner.py"),
        ("", "from pack.deep import inner", "pack/__init__.py"),
    ],
)
def test_an_edited_helper_is_another_version(tmp_path, imports, first, file):
    (tmp_path / "pack" / "deep").mkdir(parents=True)
    for each in ("pack/__init__.py", "pack/deep/__init__.py", "pack/deep/inner.py", "helper.py"):
        (tmp_path / each).write_text("PART = 1\n")
    (tmp_path / "between.py").write_text("def part():\n    import helper\n")
    path = plugin(tmp_path, "0", imports, first)
    before = version(path)
    assert version(path) == before
    (tmp_path / file).write_text("PART = 2\n")
    assert version(path) != before
    (tmp_path / "unrelated.py").write_text("x = 1\n")
    after = version(path)
    (tmp_path / "unrelated.py").write_text("x = 2\n")
    assert version(path) == after


def test_an_edited_helper_is_imported_anew(tmp_path):
    (tmp_path / "helper.py").write_text("PART = 1\n")
    path = plugin(tmp_path, "helper.PART", "import helper")
    load_plugin_file(path)
    (tmp_path / "helper.py").write_text("PART = 2\n")  # as long, within the same second
    load_plugin_file(path)
    assert label("mine") == 2


@pytest.mark.parametrize("name", ["bench", "methods", "metrics", "reports", "numpy", "random"])
def test_no_file_beside_a_plugin_stands_for_what_all_share(tmp_path, name):
    (tmp_path / f"{name}.py").write_text("raise RuntimeError('the wrong one')\n")
    load_plugin_file(plugin(tmp_path, "3", f"import {name}"))
    assert label("mine") == 3
    assert str(tmp_path) not in sys.path


def test_a_plugin_that_puts_its_folder_on_the_path_does_not_shadow_the_suite(tmp_path):
    ours = str(Path(plugins.__file__).parents[1])
    sys.path[:] = [folder for folder in sys.path if folder not in (ours, "")]  # found otherwise
    load_plugin_file(plugin(tmp_path, "3", HERE))
    assert sys.path[-2:] == [ours, str(tmp_path)]


def test_a_file_with_the_name_of_a_library_wraps_that_library(tmp_path):
    load_plugin_file(plugin(tmp_path, "len(rich.__path__)", "import rich", file="rich.py"))
    assert label("mine") == 1


def test_a_helper_comes_before_an_installed_module_of_its_name(tmp_path):
    (tmp_path / "rich.py").write_text("PART = 5\n")
    load_plugin_file(plugin(tmp_path, "rich.PART", "import rich"))
    assert label("mine") == 5


@pytest.mark.parametrize("file", ["mine.py", "mine.v2.py", "my-own.py"])
def test_what_a_plugin_defines_reaches_processes_that_a_method_starts(tmp_path, file):
    load_plugin_file(plugin(tmp_path, file=file))
    sent = pickle.dumps(sys.modules[get_class("mine").__module__].work)
    code = f"import pickle; print(pickle.loads({sent!r})(41))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "42\n", done.stderr


def test_importing_leaves_nothing_in_the_users_folder(tmp_path):
    (tmp_path / "helper.py").write_text("")
    load_plugin_file(plugin(tmp_path, imports="import helper"))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["helper.py", "mine.py"]


def test_two_classes_of_one_name_in_a_file_are_refused(tmp_path):
    path = plugin(tmp_path)
    again = path.read_text() + path.read_text().partition("Method, register\n")[2]
    path.write_text(again)
    with pytest.raises(PluginError, match=r"mine\.py:Mine \(line 14 and line 26\) .* name 'mine'"):
        load_plugin_file(path)
    assert "mine" not in list_methods()


def test_two_files_with_one_method_name_are_refused(tmp_path):
    load_plugin_file(plugin(tmp_path / "a"))
    with pytest.raises(PluginError, match=r"'mine' of .*b/mine\.py:Mine is taken by .*a/mine\.py"):
        load_plugin_file(plugin(tmp_path / "b"))
    assert str(tmp_path / "a") in str(plugins.file_of(get_class("mine").__module__))


def test_a_class_may_be_registered_again_but_not_another_one(tmp_path):
    load_plugin_file(plugin(tmp_path))
    cls = get_class("mine")
    assert register(cls) is cls
    with pytest.raises(RegistrationError, match="two classes"):
        register(type("Mine", (cls,), {"__module__": cls.__module__}))


def test_a_plugin_that_failed_loads_once_it_is_mended(tmp_path):
    (tmp_path / "helper.py").write_text("PART = 1 / 0\n")
    path = plugin(tmp_path, "helper.PART", "import helper")
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        load_plugin_file(path)
    (tmp_path / "helper.py").write_text("PART = 4\n")
    load_plugin_file(path)
    assert label("mine") == 4


def test_a_class_of_a_helper_counts_as_the_plugins(tmp_path):
    plugin(tmp_path, file="helper.py")
    (tmp_path / "front.py").write_text("import helper\n")
    assert load_plugin_file(tmp_path / "front.py") == ["mine"]
    assert load_plugin_file(tmp_path / "helper.py") == ["mine"]
