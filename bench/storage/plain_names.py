"""Paths without their folders, in words of a command line, in commands and in messages."""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import Final

from methods.messages import CUT, without_colours

# What a path from the root on begins with, and what separates its folders.
_ROOTS: Final = (
    (r"(?:~[\w.-]*|\$\w+|\$\{\w+\})?/+", "/"),
    (r"(?:[A-Za-z]:[/\\]+|\\\\+[\w.$-]+\\+)", r"/\\"),
)
# What is before a root: the letter of an option, the end of a line or column as repr writes it, or
# nothing that a relative path could end in.
_BEFORE: Final = (
    r"(?:(?<=^-\w)|(?<=[\s'\"]-\w)|(?<=\\[nrt])|(?<![\w.+#%*?~)\]}/\\$-])(?<!http:)(?<!https:))"
)
# In a command a path may go on with a place (see `methods.command`), which has no folders of ours.
_PLACE: Final = r"\{(?:image|ppm|npy|n|labels|seed|folder)\}"


def _folders(before: str, stop: str) -> str:
    """Return the pattern of a path's folders, all but its last part.

    A folder may be called anything, but neither begins nor ends as words and lists do; `stop` is
    what does not belong to the path any more.
    """
    inside = rf"(?!\s)(?:(?!{stop}|{_PLACE})[^\n%s])+(?<![\s,;:=(\[<>|&])"
    each = (rf"{root}(?:{inside % ends}[{ends}]+)*" for root, ends in _ROOTS)
    return rf"{before}{_BEFORE}(?:{'|'.join(each)})(?=[^\s/\\'\"])"


# A parameter behind the one that has a path, as in "labelfiles[folder=/a/b,name=c/d]".
_PARAMETER: Final = r",\w+="
_IN_TEXT: Final = re.compile(
    "|".join(
        (
            _folders('(?<=")', '"'),
            _folders("(?<=')", r"(?<!\w)'|'(?!\w)"),  # O'Brien has one in his name
            _folders("(?<![\"'])", rf"(?<!\w)[\"']|:\s|{_PARAMETER}"),
        )
    )
)
# What is left of a path where a message is cut: without its root, or without its end.
_CUT: Final = re.escape(CUT)
_NO_ROOT: Final = re.compile(rf"(?<!\S){_CUT} :?[^'\":\n]*[/\\]")
_NO_END: Final = re.compile(
    rf"{_BEFORE}(?:{'|'.join(root for root, _ in _ROOTS)})[^'\":\n]* {_CUT}(?!\S)"
)
_IN_WORD: Final = re.compile(_folders("", _PARAMETER))
# A word of a command, as a shell tells them apart; a path with spaces is quoted.
_WORD: Final = re.compile(r"""(?:"[^"]*"|'[^']*'|\\.|\S)+""")
_METHOD: Final = re.compile(r"\[\w+=|\{")


def without_folders(argument: str) -> str:
    """Return a word of a command line with the name of a file or folder for its path."""
    option, equals, value = argument.partition("=")
    if not (option.startswith("--") and equals):
        option, equals, value = "", "", argument
    if _METHOD.search(value):  # a method with its parameters, which may name a program
        return option + equals + plain_command(value)
    return option + equals + (PurePath(value).name if "/" in value else plain_text(value))


def plain_text(text: str) -> str:
    """Return text with the last part alone of each path from the root on.

    Where a path without quotes ends cannot be known: what is between it and a later slash may go,
    too, rather than that a folder stays.
    """
    return _IN_TEXT.sub("", _NO_END.sub(CUT, _NO_ROOT.sub(f"{CUT} ", without_colours(text))))


def plain_command(text: str) -> str:
    """Return the command of a program without folders, but for those from the current one on.

    What names no place, such as ``{image}``, is no command, and words in it may be one path.
    """
    if "{" not in text:
        return plain_text(text)
    return _WORD.sub(lambda word: _IN_WORD.sub("", word[0]), text)


def plain_params(params: str) -> str:
    """Return parameters, as rows have them, without folders in those that are text."""
    try:
        given = json.loads(params)
        plain = {k: plain_command(v) if isinstance(v, str) else v for k, v in given.items()}
    except (ValueError, AttributeError):  # no run writes such
        return plain_command(params)
    return params if plain == given else json.dumps(plain, sort_keys=True)
