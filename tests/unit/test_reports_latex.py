"""Tables as LaTeX and numbers as macros: what is printed is what the Markdown says."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.tables.comparison import compare_at, compare_over
from reports.tables.latex import escaped, latex
from reports.tables.macros import macros
from reports.tables.markdown import read_table, table
from reports.tables.two_files import compare_files
from tests.fake_results import METHODS, Fake, write

LABELS = ("SLIC", "a_b & 50 %", "格子|x", "{$x^2$}~#\\")


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "r.parquet", Fake(LABELS, images=25))


def rows_of(text):
    return [line for line in text.splitlines() if line.endswith(r"\\")]


def test_every_table_is_a_float_with_the_rules_of_booktabs_and_its_heading(path):
    text = latex(compare_at(path, [60, 100]).text)
    for rule in ("begin{table}", "toprule", "midrule", "bottomrule", "end{tabular}", "end{table}"):
        assert text.count(f"\\{rule}") == 2
    assert text.count(r"\caption{\textbf{bsds500/test} at ") == 2
    (columns,) = set(re.findall(r"\\begin\{tabular\}\{(\w+)\}", text))
    assert {line.count(" & ") + 1 for line in rows_of(text)} == {len(columns)}
    assert "XeLaTeX" in text.splitlines()[1]
    assert "XeLaTeX" not in latex(table({"label": ["SLIC"], "asa": ["1 ± 2 †"]}))


def test_bold_is_what_is_bold_in_markdown(path):
    report = compare_at(path, [100], ["asa"])
    bold = {i for i, line in enumerate(report.text.splitlines()[4:8]) if "**" in line}
    assert bold
    assert bold == {i for i, line in enumerate(rows_of(latex(report.text))[1:]) if "textbf" in line}


def test_marks_and_labels_are_escaped(path):
    text = latex(compare_at(path, [100], ["asa"]).text)
    firsts = [line.split(" & ")[0] for line in rows_of(text)]
    assert r"格子\textbar{}x" in firsts
    assert r"\{\$x\textasciicircum{}2\$\}\textasciitilde{}\#\textbackslash{}" in firsts
    assert any(line.startswith(r"a\_b \& 50 \% & ") for line in rows_of(text))
    body = "\n".join(rows_of(text))
    assert not re.search(r"(?<!\\)[%#_]", body)
    assert not re.search("[±↑↓†]", text)
    assert escaped("--n") == "-{}-n"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=9)))
def test_a_table_is_read_as_it_was_written(cells):
    plain = [" ".join(re.sub(r"[\s\\\x1c-\x1f\x85]", " ", cell).split()) for cell in cells]
    head, right, body = read_table(table({"label": plain, "n": plain}))
    assert (head, right) == (["label", "n"], [False, True])
    assert [row[0] for row in body] == plain


# --- macros ------------------------------------------------------------------------------------


def defined(text):
    found = re.findall(r"^\\benchdefine\{(.+?)\}\{(.+?)\}\{(.+?)\}\{(.+?)\}\{(.+?)\}$", text, re.M)
    keys = [key for *key, _ in found]
    assert len(keys) == len(set(map(tuple, keys))) == text.count("\n\\benchdefine")
    return {tuple(key): value for *key, value in found}


def test_numbers_are_cited_by_label_metric_and_count(path):
    numbers = compare_at(path, [100], ["asa", "ue_np"]).numbers
    found = defined(macros(numbers))
    slic = numbers[(numbers["label"] == "SLIC") & (numbers["metric"] == "asa")].iloc[0]
    assert float(found["SLIC", "asa", "100", "value"]) == pytest.approx(slic["value"], abs=1e-3)
    assert found["SLIC", "asa", "100", "rank_low"] == str(slic["rank_low"])
    names = {label for label, *_ in found}
    assert len(names) == len(LABELS)
    assert all(re.fullmatch(r"[A-Za-z0-9.-]+", name) for name in names)


def test_labels_that_would_be_called_alike_are_numbered():
    rows = {"label": ["a_b", "a b", "我们"], "metric": "asa", "n": [50.0, 50.0, np.nan]}
    numbers = pd.DataFrame({"dataset": "d", "split": "", **rows, "value": 0.5, "low": 0, "high": 1})
    assert {key[0] for key in defined(macros(numbers))} == {"a-b", "a-b-2", "label"}


def test_ranges_files_and_several_splits_are_told_apart(tmp_path, path):
    assert ("SLIC", "asa", "60-90", "low") in defined(macros(compare_over(path, 60, 90).numbers))
    differences = defined(macros(compare_files(path, path).numbers))
    assert differences["SLIC", "asa", "50", "difference"] == "0.000"
    two = write(tmp_path / "two.parquet", Fake(METHODS[:2]), Fake(METHODS[:2], split="val"))
    cited = defined(macros(compare_at(two, [100], ["asa"]).numbers))
    assert ("SLIC", "asa", "bsds500/val/100", "value") in cited
