"""Text and tables that fit a terminal: no line is wider, and nothing that was said is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.tables.folded import align, fold, wrap_fact
from reports.tables.markdown import table

WIDE = table(
    {
        "label": ["SLIC", "Proposed (quick)[soft_image=False,iterations=20]"],
        "n": ["50", "100"],
        **{f"metric{i}": [f"**0.912{i}** ± 0.001", f"0.8{i}"] for i in range(9)},
    }
)


def widest(text):
    return max(map(len, text.split("\n")))


def cells(text):
    lines = [line for line in text.split("\n") if line.startswith("|")]
    return {cell.strip() for line in lines for cell in line.strip("|").split("|")}


@pytest.mark.parametrize("width", [60, 80, 100, 150])
def test_a_wide_table_is_folded_and_every_column_and_value_is_still_there(width):
    folded = fold(WIDE, width)
    assert widest(folded) <= width < widest(WIDE)
    for i in range(9):
        assert {f"metric{i}", f"**0.912{i}** ± 0.001", f"0.8{i}"} <= cells(folded)


def test_each_part_begins_with_the_label_and_the_count_again():
    heads = [line for line in fold(WIDE, 80).split("\n") if line.startswith("| label")]
    assert len(heads) > 1
    assert all(head.split("|")[2].strip() == "n" for head in heads)


def test_a_label_that_is_long_goes_on_below_and_is_whole():
    lines = fold(WIDE, 80).split("\n")
    column = [line.split("|")[1].strip() for line in lines if line.startswith("|")]
    text = "".join(column)
    assert "Proposed(quick)[soft_image=False,iterations=20]" in text.replace(" ", "")


def test_text_that_fits_stays_as_it_is():
    text = f"A heading\n\n{table({'label': ['SLIC'], 'asa': ['0.9']})}\n\n- a note"
    assert fold(text, 80) == text


def test_without_a_width_nothing_is_folded():
    text = f"{'long ' * 100}\n\n{WIDE}"
    assert fold(text, None) == text


def test_prose_is_wrapped_between_words_and_items_hang():
    folded = fold("- SLIC: " + "missing on some images " * 8, 50)
    first, *others = folded.split("\n")
    assert widest(folded) <= 50
    assert first.startswith("- SLIC:")
    assert all(line.startswith("  ") for line in others)


def test_a_bar_within_a_cell_is_no_border():
    folded = fold(table({"label": ["a|b"], **{f"m{i}": ["0.123456"] for i in range(9)}}), 40)
    assert widest(folded) <= 40
    assert "a\\|b" in folded
    assert len([line for line in folded.split("\n") if line.startswith("| label")]) > 1


@given(st.lists(st.text("ab |-", max_size=30), min_size=1, max_size=6), st.integers(30, 90))
def test_no_table_is_wider_than_the_terminal(texts, width):
    columns = {"label": ["x" * 40], **{f"m{i}": [text] for i, text in enumerate(texts)}}
    assert widest(fold(table(columns), width)) <= width


def test_the_widest_column_of_a_list_is_wrapped():
    rows = [("asa", "word " * 30, "high"), ("br", "short", "")]
    text = align(rows, 60)
    assert widest(text) <= 60
    assert text.count("word") == 30
    assert not any(line.endswith(" ") for line in text.split("\n"))
    assert align(rows, None).split("\n")[0].startswith(f"asa  {'word ' * 30}")


def test_headings_stand_above_their_columns():
    assert align([("slic", "built in")], None, ("name", "origin")) == (
        "name  origin\nslic  built in"
    )
    assert align([], 80) == ""


def test_the_lines_of_a_fact_stand_below_each_other():
    text = wrap_fact("  parameters:", "a: an integer\n" + "b: long words " * 9, 14, 50)
    first, *others = text.split("\n")
    assert first == "  parameters: a: an integer"
    assert all(line.startswith(" " * 14) and len(line) <= 50 for line in others)
