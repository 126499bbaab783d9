"""Markdown tables that read well as plain text, too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import PROTOCOLS
from reports.tables.markdown import table

PAIRS = PROTOCOLS["seal2018"]


CELLS = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=12)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n))))
def test_all_lines_of_a_table_are_equally_long_and_have_as_many_cells(rows):
    columns = {str(i): list(column) for i, column in enumerate(zip(*rows, strict=True))}
    lines = table(columns).splitlines()
    assert len({len(line) for line in lines}) <= 1
    assert {line.replace("\\|", "").count("|") for line in lines} <= {len(columns) + 1}


def test_labels_stand_left_and_numbers_right():
    assert table({"label": ["SLIC", "x|y"], "asa": ["0.9", "-"]}).splitlines() == [
        "| label | asa |",
        "| ----- | --: |",
        "| SLIC  | 0.9 |",
        "| x\\|y  |   - |",
    ]


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        table({"label": ["SLIC"], "asa": []})
