"""Methods are found by name: built-in ones without imports, plugins from files and packages."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from methods import Method, get_method, list_methods, register, registry, segment
from methods.registry import (
    BUILTIN,
    PluginError,
    RegistrationError,
    UnknownMethodError,
    entries,
    get_class,
    load_plugin_file,
    method_version,
)

ROOT = Path(__file__).resolve().parents[2]

PLUGIN = '''
from __future__ import annotations
import numpy as np
from methods import Method, register

@register
class Columns(Method):
    """Vertical stripes."""
    name = "columns"
    width: int = 4

    def segment(self, image, n):
        height, width = image.shape[:2]
        return np.tile(np.arange(width) // self.width, (height, 1))
'''


@pytest.fixture(autouse=True)
def no_trace(monkeypatch):
    """Give every test an empty registry of its own, whatever ran before in this process."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(registry, "_entry_points", {})
    monkeypatch.setattr(sys, "path", list(sys.path))


def run_python(code, *paths):
    """Run code in a fresh interpreter, with extra folders to import from."""
    start = f"import sys; sys.path[:0] = {[str(ROOT), *map(str, paths)]}\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", start + code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def plugin(folder, text=PLUGIN, name="plugin.py"):
    path = folder / name
    path.write_text(text)
    return path


def test_listing_imports_no_imaging_library():
    heavy = {"cv2", "skimage", "numba", "torch", "scipy", "pandas", "numpy"}
    code = (
        "import methods, methods.registry\n"
        "methods.registry.entries(); print(*methods.list_methods())\n"
        "print(*sys.modules)\n"
    )
    listed, modules = run_python(code)
    assert set(BUILTIN) <= set(listed.split())
    assert not heavy & set(modules.split())


@pytest.mark.parametrize("name", BUILTIN)
def test_a_built_in_class_has_the_name_it_is_listed_under(name):
    assert get_class(name).name == name


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownMethodError, match="'slicc'; did you mean 'slic' or"):
        get_method("slicc")
    with pytest.raises(UnknownMethodError, match=r"there are command, .*voronoi"):
        get_method("xyzzy")
    with pytest.raises(UnknownMethodError, match="parameters as keywords"):
        get_method("slic[compactness=5]")


def test_a_method_is_chosen_by_its_name_alone():
    with pytest.raises(UnknownMethodError, match="by its name"):
        get_class(get_method("grid"))


def test_a_registered_class_is_used_by_name():
    @register
    class Halves(Method):
        name = "halves"

        def segment(self, image, n):
            return np.arange(image.shape[1])[None] * np.ones((image.shape[0], 1), int) // 2

    assert "halves" in list_methods()
    assert get_class("halves") is Halves
    labels = segment(np.zeros((2, 6, 3), np.uint8), 3, method="halves")
    np.testing.assert_array_equal(labels, [[0, 0, 1, 1, 2, 2]] * 2)


def test_a_class_may_be_defined_again():
    def define():
        class Again(Method):
            name = "again"

            def segment(self, image, n):
                return np.zeros(image.shape[:2], int)

        return register(Again)

    define()
    second = define()
    assert get_class("again") is second


def test_a_name_is_taken_only_once_and_the_error_names_both():
    def segment_zero(self, image, n):
        return np.zeros(image.shape[:2], int)

    one = type("One", (Method,), {"name": "same", "segment": segment_zero})
    two = type("Two", (Method,), {"name": "same", "segment": segment_zero})
    register(one)
    with pytest.raises(RegistrationError, match=r"'same'.*:Two is taken by .*:One"):
        register(two)
    assert get_class("same") is one
    with pytest.raises(RegistrationError, match=r"methods\.classical\.slic:Slic"):
        register(type("Mine", (Method,), {"name": "slic", "segment": segment_zero}))


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (int, "derive the class from"),
        (type("NoName", (Method,), {"segment": lambda *_: 0}), "NoName has name=''"),
        (type("Odd", (Method,), {"name": "a b", "segment": lambda *_: 0}), "name='a b'"),
        (type("Idle", (Method,), {"name": "idle"}), "Idle defines no segment"),
        (type("All", (Method,), {"name": "all", "segment": lambda *_: 0}), "means all methods"),
    ],
)
def test_a_class_that_is_no_method_is_refused(cls, message):
    with pytest.raises(RegistrationError, match=message):
        register(cls)
    assert set(list_methods()) == set(BUILTIN) | set(registry._registered)


def test_a_plugin_file_adds_its_methods(tmp_path):
    path = plugin(tmp_path)
    assert load_plugin_file(path) == ["columns"]
    assert load_plugin_file(str(path)) == ["columns"]
    assert get_method("columns", width=3).params() == {"width": 3}
    (entry,) = (entry for entry in entries() if entry.name == "columns")
    assert str(path) in entry.origin
    assert entry.error is None


def test_a_changed_plugin_file_is_loaded_anew_and_has_another_version(tmp_path):
    path = plugin(tmp_path)
    load_plugin_file(path)
    before = method_version(get_class("columns"))
    plugin(tmp_path, PLUGIN.replace("width: int = 4", "width: int = 8"))
    load_plugin_file(path)
    assert get_method("columns").params() == {"width": 8}
    assert method_version(get_class("columns")) != before
    assert re.fullmatch(r"1\+sha256-[0-9a-f]{12}", before)


def test_a_plugin_may_import_what_lies_beside_it(tmp_path):
    (tmp_path / "helper_of_plugin.py").write_text("WIDTH = 6\n")
    text = "from helper_of_plugin import WIDTH\n" + PLUGIN.replace(
        "from __future__ import annotations\n", ""
    ).replace("width: int = 4", "width: int = WIDTH")
    load_plugin_file(plugin(tmp_path, text))
    assert get_method("columns").params() == {"width": 6}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("import no_such_module\n", "ModuleNotFoundError.*no_such_module"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("x = (\n", "SyntaxError"),
        ("x = 1\n", "registers no method.*@register"),
        (PLUGIN + "raise RuntimeError('late')\n", "late"),
        (PLUGIN.replace('"columns"', '"fh"'), r"'fh'.*Columns is taken by built-in"),
    ],
)
def test_a_plugin_file_that_fails_is_named_with_the_reason(tmp_path, text, message):
    path = tmp_path / "plugin.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PluginError, match=message) as caught:
        load_plugin_file(path)
    assert str(path) in str(caught.value)
    assert "columns" not in list_methods()


def distribution(folder, name, entry_points, **modules):
    """Lay out an installed distribution by hand."""
    info = folder / f"{name}-2.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.5\n")
    lines = [f"{key} = {value}" for key, value in entry_points.items()]
    text = "\n".join(["[superpixel_bench.methods]", *lines, ""])
    (info / "entry_points.txt").write_text(text)
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)


def test_installed_plugins_are_listed_and_a_broken_one_stays_with_its_error(tmp_path):
    distribution(
        tmp_path,
        "acme",
        {"columns": "acme_good:Columns", "sad": "acme_bad:Sad", "slic": "acme_slic:Columns"},
        acme_good=PLUGIN,
        acme_bad="raise ImportError('no CUDA here')\n",
        acme_slic=PLUGIN.replace('"columns"', '"slic"'),
    )
    code = """
from methods import get_method, list_methods
from methods.registry import PluginError, entries, method_version
for entry in entries():
    if "acme" in entry.origin:
        print(entry.name, "|", entry.origin, "|", entry.error)
print([name in list_methods() for name in ("columns", "sad", "slic")])
method = get_method("columns", width=2)
print(method, type(get_method("slic")).__module__, method_version(type(method))[:9])
try:
    get_method("sad")
except PluginError as error:
    print(error)
"""
    columns, sad, slic, usable, made, error = run_python(code, tmp_path)
    assert columns == "columns | acme 2.5 (acme_good:Columns) | None"
    assert sad == "sad | acme 2.5 (acme_bad:Sad) | ImportError: no CUDA here"
    assert slic.startswith("slic | acme 2.5 (acme_slic:Columns) | RegistrationError")
    assert usable == "[True, False, True]"
    assert made == "columns[width=2] methods.classical.slic 1+sha256-"
    assert "'sad' of acme 2.5 (acme_bad:Sad) is broken: ImportError" in error


def test_the_version_of_a_wrapped_library_is_part_of_the_methods_version():
    from importlib.metadata import version

    assert method_version(get_class("grid")) == "1"
    assert method_version(get_class("slic")) == f"1+scikit-image-{version('scikit-image')}"
    lost = type("Lost", (Method,), {"library": "no-such-distribution", "__module__": "builtins"})
    assert method_version(lost) == "1+no-such-distribution-unknown"


@pytest.mark.parametrize("build", ["2.13.0", "2.13.0+cpu", "2.13.0+cu128"])
def test_builds_of_one_library_for_several_machines_are_one_version(build, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda _: build)
    assert method_version(get_class("slic")) == "1+scikit-image-2.13.0"
