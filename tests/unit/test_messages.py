"""What programs and errors say, in one line: no colours, no folders where it is cut."""

import pytest

from bench.storage.plain_names import plain_text
from methods.messages import beginning, ending, raised, without_colours

PATH = "/home/eve/secret-project/x.cpp"


@pytest.mark.parametrize(
    "said",
    [
        "\x1b[31mred\x1b[0m",
        "\x1b[01;31m\x1b[Kred\x1b[m\x1b[K",
        "\x1b]8;;file:///home/eve/x\x07red\x1b]8;;\x07",
        "\x1b]8;;file:///home/eve/x\x1b\\red\x1b]8;;\x1b\\",
    ],
)
def test_colours_and_links_go(said):
    assert without_colours(said) == "red"


@pytest.mark.parametrize("most", range(2, 60))
def test_wherever_a_text_is_cut_no_folder_of_a_path_is_left(most):
    text = f"it cannot open {PATH} and stops"
    for cut in (beginning(text, most), ending(text, most)):
        left = plain_text(cut)
        assert "secret" not in left
        assert "eve" not in left
        assert len(cut) <= most + 4


def test_a_text_that_fits_stays_and_of_a_longer_one_the_end_or_the_beginning():
    assert beginning("one two", 7) == ending("one two", 7) == "one two"
    assert beginning("one two three", 8) == "one two ..."
    assert ending("one two three", 8) == "... wo three"
    assert ending("x" * 9 + "/" + "y" * 9, 12) == "... " + "y" * 9


def test_an_error_is_told_with_its_place():
    with pytest.raises(ValueError, match="red") as caught:
        raise ValueError("\x1b[31mred\x1b[0m\n is wrong")
    assert raised(caught.value).startswith("ValueError: red is wrong (test_messages.py:")
