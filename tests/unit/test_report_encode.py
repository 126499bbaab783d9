"""What stands in a page as JSON is what went in, and cannot end the script that holds it."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.page.encode import codes, numbers, script_json


@given(st.text())
def test_any_text_comes_back_from_a_script_element(text):
    written = script_json({"label": text})
    assert "<" not in written
    assert "\u2028" not in written
    assert json.loads(written) == {"label": text}


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "]]>", "&lt;"])
def test_nothing_in_it_begins_or_ends_markup(text):
    written = script_json([text])
    assert not {"<", ">", "&"} & set(written)


def test_half_a_surrogate_pair_of_a_file_name_can_be_written():
    assert json.loads(script_json("a\udcff").encode("utf-8")) == "a\udcff"


def test_numbers_have_six_digits_as_the_csv_files_and_none_where_there_is_none():
    values = np.array([0.123456789, 1234567.0, 3.0, np.nan, np.inf, -0.000123456789])
    assert numbers(values) == [0.123457, 1234570, 3, None, None, -0.000123457]


def test_a_number_that_json_does_not_have_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        script_json({"value": float("nan")})


def test_texts_become_places_among_their_names():
    assert codes(["b", "a", "b"], ["a", "b"]) == [1, 0, 1]
