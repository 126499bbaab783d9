"""What is typed, and files of protocols and plugins: understood, or refused in words."""

import contextlib
import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cli import _status, values
from bench.errors import BenchError, UsageError
from bench.execution.plugins import load_plugins
from bench.planning.selection import choose, parse_integers, parse_terms
from bench.planning.variants import make_variants
from metrics.protocols import ProtocolError, load_protocols
from tests.fuzz.settings import fuzzed
from tests.fuzz.test_fuzz_results import CONTROL, TEXTS

METHODS = ("slic", "grid", "hex", "command", "fh")
PARTS = (
    *METHODS,
    *("all", "*", "sl[ic]*", "[", "]", "[[", ",", "=", ":", "'", '"', " ", "compactness", "step"),
    *("1", "-1", "1e999", "nan", "0x10", "9" * 30, "true", "cmd", "{image} {n} {labels}", "!"),
    *("preset", "device", "seed", "__class__", "label", "\0", "\n", "é", "\u0661", "a.b", ";", "|"),
)
WORDS = st.lists(st.sampled_from(PARTS), max_size=8).map("".join)


@fuzzed(150)
@given(text=WORDS | st.text(max_size=30))
def test_selections_of_methods(text):
    with contextlib.suppress(UsageError):
        make_variants(choose(parse_terms(text), METHODS, lambda: METHODS[:1]))


@fuzzed(100)
@given(text=WORDS | st.text("0123456789,-+_ eE.\u0661", max_size=30))
def test_lists_of_numbers_and_names(text):
    for read in (
        lambda: parse_integers(text, "--n", 1),
        lambda: values.split_patterns(text, text),
        lambda: values.read_renames([text]),
        lambda: values.make_reading(text, text),
        lambda: values.make_scoring(text, None, text, text),
        lambda: values.choose_metrics(text),
    ):
        with contextlib.suppress(BenchError):
            read()


KEYS = ("title", "boundary", "tolerance", "tolerance_of_diagonal", "annotators", "first", "name")
TOML = st.recursive(
    st.sampled_from(
        ("1", "-1", "1.5", "nan", "inf", "1e999", "9" * 400, "true", '"thick"', '"mean"')
    )
    | st.sampled_from(('"merge"', '""', '"\\u001b[2J"', "1979-05-27", "'''a\nb'''", "[]", "{}")),
    lambda inner: st.lists(inner, max_size=2).map(lambda parts: f"[{', '.join(parts)}]"),
    max_leaves=3,
)
ENTRIES = st.dictionaries(st.sampled_from((*KEYS, '"\\u0000"', "x")), TOML, max_size=4)
TABLES = st.dictionaries(
    st.sampled_from(("mine", "standard", '"../x"', '"a/b"', '""', '"con"', "a.b")),
    ENTRIES,
    max_size=3,
)


def as_toml(tables):
    return "".join(
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
        for name, entries in tables.items()
    )


@fuzzed(100)
@given(content=TABLES.map(as_toml).map(str.encode) | st.binary(max_size=60) | WORDS.map(str.encode))
def test_files_of_protocols(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "protocols.toml"
    path.write_bytes(content)
    with contextlib.suppress(ProtocolError):
        for name in load_protocols(path):
            assert Path(name).name == name


PLUGIN = b"""
from methods import Method, register
@register
class Mine(Method):
    name = "fuzzed"
    def segment(self, image, n):
        return image[:, :, 0]
"""
PLUGINS = {
    "empty": b"",
    "whole": PLUGIN,
    "no text": b"\xff\xfe\x00\x80",
    "a zero byte": b"x = 1\0\n",
    "unknown encoding": b"# -*- coding: klingon -*-\n",
    "syntax": b"def (:\n",
    "deep": b"(" * 5000 + b")" * 5000,
    "deep operators": b"x = " + b"-" * 100_000 + b"1\n",
    "recursion": b"def f(): f()\nf()\n",
    "exit": b"import sys; sys.exit('bye')\n",
    "generator": b"raise GeneratorExit\n",
    "base": b"class E(BaseException): pass\nraise E('\\x1b[2J')\n",
    "no message": b"class E(Exception):\n def __str__(self): raise ValueError\nraise E\n",
    "memory": b"x = bytearray(2**60)\n",
    "gone": b"import sys; del sys.modules[__name__]\n" + PLUGIN,
    "none": b"import sys; sys.modules[__name__] = None\n" + PLUGIN,
    "name": PLUGIN.replace(b"fuzzed", b"../../escaped"),
    "taken": PLUGIN.replace(b"fuzzed", b"slic"),
    "number": PLUGIN.replace(b'"fuzzed"', b"7"),
    "annotation": PLUGIN.replace(b'"fuzzed"', b'"fuzzed"\n    x: list = []'),
    "undefined": PLUGIN.replace(b'"fuzzed"', b'"fuzzed"\n    x: Nowhere = 1'),
    "title": PLUGIN.replace(b'"fuzzed"', b'"fuzzed"\n    title = 7'),
}


@pytest.mark.parametrize("name", PLUGINS)
def test_plugins(tmp_path, name):
    path = tmp_path / "plugin.py"
    path.write_bytes(PLUGINS[name])
    before = dict(sys.modules)
    try:
        with contextlib.suppress(UsageError):
            load_plugins([path])
            assert name in ("whole", "gone")
            make_variants(choose(parse_terms("fuzzed"), ["fuzzed"], list))
    finally:
        from methods.registry import forget

        for module in set(sys.modules) - set(before):
            forget(module)
            del sys.modules[module]


OPTIONS = [
    "--methods",
    "--n",
    "--dataset",
    "--root",
    "--split",
    "--limit",
    "--out",
    "--workers",
    "--seed",
    "--timeout",
    "--protocol",
    "--protocol-file",
    "--metrics",
    "--connectivity",
    "--plugin",
    "--at",
    "--match-n",
    "--perturb",
    "--exif",
    "--void",
    "--only",
    "--without",
    "--rename",
    "--format",
    "--figure",
    "--style",
    "--highlight",
    "--image",
    "--name",
    "--labels",
    "--tolerance",
    "--spread",
    "--quiet",
    "--verbose",
    "--force",
    "--partial",
    "--allow-mixed",
    "--help",
    "--timing",
    "-n",
    "--",
]
FILES = [
    "folder",
    "nothing",
    ".",
    "data",
    "missing.parquet",
    "x.parquet/y",
    "text.txt",
    "t.toml",
    "/dev/null",
]
VALUES = st.sampled_from((*PARTS, *TEXTS, *FILES))
ARGUMENTS = st.lists(
    st.tuples(st.sampled_from(OPTIONS), VALUES) | VALUES.map(lambda value: (value,)), max_size=4
)
COMMANDS = [
    "run",
    "plot",
    "report",
    "figure",
    "compare",
    "score",
    "rescore",
    "protocols",
    "merge",
    "drop",
    "check",
    "list",
    "nothing",
]


@fuzzed(40)
@given(command=st.sampled_from(COMMANDS), arguments=ARGUMENTS)
def test_command_lines(tmp_path_factory, command, arguments):
    folder = tmp_path_factory.mktemp("words")
    (folder / "text.txt").write_text("no results")
    (folder / "t.toml").write_text("[mine]\n")
    (folder / "data").mkdir()
    words = [command, *(word for pair in arguments for word in pair)]
    if command in ("run", "check", "figure"):  # no folder of images: what is typed alone is tried
        words += ["--root", "nowhere"]
    said = io.StringIO()
    here = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = _status(words)
    finally:
        os.chdir(here)
    assert status in (0, 1, 2)
    assert "Traceback" not in said.getvalue()
    assert not CONTROL.search(said.getvalue())
    assert sorted(path.name for path in folder.iterdir()) == ["data", "t.toml", "text.txt"]
