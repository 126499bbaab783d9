"""What can be typed after --methods, --n and --seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cli.values import split_names
from bench.errors import UsageError
from bench.planning.selection import Choice, Term, choose, parse_integers, parse_terms

NAMES = ["fh", "grid", "slic", "slico"]


def choices(text):
    return choose(parse_terms(text), NAMES, default=lambda: ["fh", "slic"])


def test_names_keep_their_order():
    assert choices("slic,fh") == [Choice("slic"), Choice("fh")]


def test_all_is_what_runs_by_default():
    assert choices("all") == [Choice("fh"), Choice("slic")]


def test_a_glob_takes_every_matching_name():
    assert choices("sl*") == [Choice("slic"), Choice("slico")]
    assert choices("[fg]*") == [Choice("fh"), Choice("grid")]


def test_a_grid_is_the_product_of_its_values():
    assert choices("slic[compactness=1,10,sigma=0,1]") == [
        Choice("slic", (("compactness", c), ("sigma", s))) for c in ("1", "10") for s in ("0", "1")
    ]


def test_brackets_work_behind_globs_and_all():
    assert choices("sl*[sigma=1]") == [
        Choice("slic", (("sigma", "1"),)),
        Choice("slico", (("sigma", "1"),)),
    ]


def test_a_method_named_twice_is_one_choice():
    assert choices("slic, all,slic") == [Choice("slic"), Choice("fh")]


def test_quoted_values_keep_commas_equals_signs_and_brackets():
    term = parse_terms("command[cmd=\"./etps {image}, a=1 [x]\",'two, words']")
    assert term == [Term("command", (("cmd", ("./etps {image}, a=1 [x]", "two, words")),))]


def test_a_choice_may_stand_in_quotes_with_the_label_that_it_is_given():
    [term, other] = parse_terms("'mine:command[cmd=./sp.sh {image} {n} {labels}]',fh")
    assert term == Term("command", (("cmd", ("./sp.sh {image} {n} {labels}",)),), "mine")
    assert other == Term("fh")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" , ", "empty"),
        ("slic[sigma=1", "unbalanced bracket"),
        ("slic]", "unbalanced bracket"),
        ("slic[sigma=1]x", "end with ']'"),
        ('slic[sigma="1]', "unbalanced quote"),
        ("slic[sigma=1,sigma=2]", "stands twice"),
        ("zz*", "no method matches 'zz\\*'"),
    ],
)
def test_what_cannot_be_read_is_told(text, message):
    with pytest.raises(UsageError, match=message):
        choices(text)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]\w{0,5}", fullmatch=True),
        st.lists(
            st.from_regex(r"[\w. {}/=,\[\]-]{1,8}", fullmatch=True), min_size=1, unique_by=str.strip
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_is_quoted_comes_back(grid):
    grid = {k: [v for v in vs if v.strip()] or ["v"] for k, vs in grid.items()}
    inside = ",".join(f"{k}=" + ",".join(f'"{v}"' for v in vs) for k, vs in grid.items())
    [term] = parse_terms(f"m[{inside}]")
    assert {k: list(vs) for k, vs in term.grid} == grid


def test_integers_are_read_once_each_in_order():
    assert parse_integers("50, 100,50", "--n", least=1) == [50, 100]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "0 is too small"),
        ("-5", "-5 is too small"),
        ("1.5", "'1.5' is not"),
        ("", "'' is not"),
    ],
)
def test_a_count_that_makes_no_sense_is_told(text, message):
    with pytest.raises(UsageError, match=f"--n: {message}"):
        parse_integers(text, "--n", least=1)


# --- names of other options --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SLIC[compactness=1.0,sigma=1.0], FH ,FH", ["SLIC[compactness=1.0,sigma=1.0]", "FH"]),
        ("\"a, b\",'c [d'", ["a, b", "c [d"]),
        ("Bob's,Ann's", ["Bob's", "Ann's"]),
        ("sl[ic]*,", ["sl[ic]*"]),
    ],
)
def test_names_are_split_outside_brackets_and_quotes_and_taken_once(text, names):
    assert split_names("--only", text) == names


@pytest.mark.parametrize(("text", "message"), [(" ,", "names nothing"), ("a[b", "--only: unbal")])
def test_names_that_cannot_be_read_are_told(text, message):
    with pytest.raises(UsageError, match=message):
        split_names("--only", text)
