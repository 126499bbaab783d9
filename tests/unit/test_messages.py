"""What programs and errors say, in one line: no colours, no folders where it is cut."""

import pytest

from bench.storage.plain_names import plain_text
from methods.messages import beginning, ending, raised, without_colours


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


@pytest.mark.parametrize(
    "path",
    [
        "/home/eve/secret-project/x.cpp",
        "'/home/eve/my secret/proj/x.cpp'",
        "/home/eve/my secret/proj/x.cpp",
        r"C:\Users\eve\my secret\x.cpp",
    ],
)
def test_wherever_a_text_is_cut_no_folder_of_a_path_is_published(path):
    text = f"it cannot open {path} and stops"
    for most in range(4, len(text)):
        for cut in (beginning(text, most), ending(text, most), f"E: {beginning(text, most)} (a:1)"):
            left = plain_text(cut)
            assert "secret" not in left, (cut, left)
            assert "eve" not in left, (cut, left)


def test_what_is_cut_without_a_path_is_published_as_it_is():
    for said in ("it stops ...", "... and stops", "E: 1/2 of it ... (a:1)", "a ... b"):
        assert plain_text(said) == said


def test_a_text_that_fits_stays_and_of_a_longer_one_the_end_or_the_beginning():
    assert beginning("one two", 7) == ending("one two", 7) == "one two"
    assert beginning("one two three", 8) == "one two ..."
    assert ending("one two three", 8) == "... wo three"


def test_a_title_that_is_not_closed_takes_its_own_line_alone():
    assert without_colours("\x1b]0;title\nthe error\x07").endswith("\nthe error\x07")


def test_an_error_is_told_with_its_place():
    with pytest.raises(ValueError, match="red") as caught:
        raise ValueError("\x1b[31mred\x1b[0m\n is wrong")
    assert raised(caught.value).startswith("ValueError: red is wrong (test_messages.py:")
