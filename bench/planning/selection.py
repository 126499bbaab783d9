"""What the user typed after ``--methods``, ``--n`` and ``--seed``, turned into plain values."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.errors import UsageError


@dataclass(frozen=True)
class Term:
    """One comma-separated part of ``--methods``: a name or glob, and the values of its grid.

    `label` is what the user wants it to be called, empty for its usual name.
    """

    pattern: str
    grid: tuple[tuple[str, tuple[str, ...]], ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Choice:
    """One method with one value for each parameter that was given, still as text.

    `label` is what the user wants it to be called, together with the parameters of which several
    values were given under this label (`varying`); empty for its usual name.
    """

    name: str
    params: tuple[tuple[str, str], ...] = ()
    label: str = ""
    varying: tuple[str, ...] = ()


_PARAMETER = re.compile(r"\s*([A-Za-z_]\w*)\s*=(.*)", re.DOTALL)
_LABEL = re.compile(r"[\w .-]+")


def parse_terms(text: str) -> list[Term]:
    """Read ``slic[compactness=1,10],fh`` into terms.

    In brackets a comma followed by ``name=`` starts a new parameter, otherwise another value;
    values may stand in single or double quotes. ``mine:slic[compactness=1]`` is called "mine" in
    results and plots.

    Raises
    ------
    UsageError
        For an empty selection, an unclosed bracket or quote, a value without a parameter, or a
        label that cannot be one.
    """
    terms = [_parse_term(unquote(part)) for part in split(text, ",", "--methods") if part]
    if not terms:
        raise UsageError("--methods is empty; name at least one method, or 'all'")
    return terms


def _parse_term(text: str) -> Term:
    name, bracket, rest = text.partition("[")
    # A glob such as sl[ic]* has brackets as well, but no "name=" behind the first of them.
    if not bracket or not _PARAMETER.match(rest):
        label, pattern = _parse_label(text, text)
        return Term(pattern, label=label)
    if not rest.endswith("]"):
        raise UsageError(f"--methods: '{text}' does not end with ']'; write name[param=v1,v2]")
    grid: dict[str, list[str]] = {}
    current: list[str] = []
    for part in split(rest[:-1], ",", "--methods"):
        match = _PARAMETER.match(part)
        if match:
            if match[1] in grid:
                raise UsageError(f"--methods: parameter '{match[1]}' stands twice in '{text}'")
            current = grid.setdefault(match[1], [])
            part = match[2]
        value = unquote(part.strip())
        if value not in current:
            current.append(value)
    label, pattern = _parse_label(name, text)
    return Term(pattern, tuple((key, tuple(values)) for key, values in grid.items()), label)


def _parse_label(text: str, term: str) -> tuple[str, str]:
    """Return what stands before a colon, if any, and the name or glob of the method."""
    before, colon, after = text.partition(":")
    if not colon:
        return "", text.strip()
    label, pattern = unquote(before.strip()), after.strip()
    if not _LABEL.fullmatch(label) or label != label.strip():
        raise UsageError(
            f"--methods: '{label}' in '{term}' cannot be a label; write LABEL:NAME[...] with"
            " letters, digits, spaces, -, _ and . in the label"
        )
    if not pattern:
        raise UsageError(f"--methods: '{term}' names no method; write LABEL:NAME[...]")
    return label, pattern


def split(text: str, separator: str, option: str) -> Iterator[str]:
    """Split the value of an option at separators that stand outside quotes and brackets.

    White space around the parts is left out. An apostrophe inside a word is no quote.

    Raises
    ------
    UsageError
        For an unclosed quote or bracket.
    """
    depth, quote, start = 0, "", 0
    for i, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char == '"' or (char == "'" and not text[i - 1 : i].isalnum()):
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif char == separator and depth == 0:
            yield text[start:i].strip()
            start = i + 1
    if quote or depth:
        what = f"quote {quote}" if quote else "bracket"
        raise UsageError(f"{option}: unbalanced {what} in '{text}'; close it")
    yield text[start:].strip()


def unquote(text: str) -> str:
    """Take away the quotes around a text, if it has any."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def choose(
    terms: Sequence[Term], names: Sequence[str], default: Callable[[], Sequence[str]]
) -> list[Choice]:
    """Expand ``all``, globs and grids into single choices, each once, in the order given.

    Parameters
    ----------
    names : sequence of str
        Every method that can be used; globs and unknown names are matched against these.
    default : callable
        Returns what ``all`` stands for: the methods that run with their default parameters. Called
        only if needed, since it imports every method.
    """
    choices: dict[Choice, None] = {}
    for term in terms:
        for name in _matches(term.pattern, names, default):
            keys = [key for key, _ in term.grid]
            varying = tuple(key for key, values in term.grid if term.label and len(values) > 1)
            for values in itertools.product(*(values for _, values in term.grid)):
                params = tuple(zip(keys, values, strict=True))
                choices[Choice(name, params, term.label, varying)] = None
    return list(choices)


def _matches(pattern: str, names: Sequence[str], default: Callable[[], Sequence[str]]) -> list[str]:
    if pattern == "all":
        return list(default())
    if not any(char in pattern for char in "*?["):
        return [pattern]  # an unknown name is answered by the registry, which knows its neighbours
    found = fnmatch.filter(names, pattern)
    if not found:
        raise UsageError(f"--methods: no method matches '{pattern}'; there are: {', '.join(names)}")
    return sorted(found)


def parse_integers(text: str, option: str, least: int, most: int = 2**31 - 1) -> list[int]:
    """Read ``50,100,200`` for an option, each value once and none outside ``least..most``."""
    values: dict[int, None] = {}
    for part in text.rstrip(",").split(","):
        try:
            value = int(part)
        except ValueError:
            raise UsageError(
                f"{option}: '{part.strip()}' is not an integer; write integers, with commas between"
            ) from None
        if value < least:
            raise UsageError(f"{option}: {value} is too small; the least value is {least}")
        if value > most:
            raise UsageError(f"{option}: {value} is too large; the largest value is {most}")
        values[value] = None
    return list(values)
