"""Put words, numbers and pictures of a page into its template."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.data.words import counted
from reports.page.encode import script_json

TEMPLATE: Final = Path(__file__).parent / "template"
# Control characters but for line ends, halves of pairs, marks of direction; as in base.js.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# In the order in which they are run; all share one scope.
SCRIPTS: Final = (
    *("base.js", "state.js", "chart.js", "methods.js", "curves.js", "leaderboard.js"),
    *("pareto.js", "spread.js", "runtime.js", "gallery.js", "main.js"),
)


def render(
    words: Mapping[str, Any], data: Mapping[str, Any], galleries: Sequence[Sequence[Any]]
) -> str:
    """Return the page.

    Parameters
    ----------
    words : mapping
        What stands in the page without its script; escaped by the template.
    data : mapping
        What the script draws.
    galleries : sequence of sequence
        By data set split and image, the boundaries; each is read when it is looked at.
    """
    style, script = read_style(), read_script()
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE),
        autoescape=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"counted": counted, "prose": _prose}
    return environment.get_template("page.html").render(
        **_visible(words),
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=script_json(data),
        maps=[[script_json(image) for image in gallery] for gallery in galleries],
    )


def _visible(value: Any) -> Any:
    """Replace what cannot be seen, or turns the direction of what follows, in all text."""
    if isinstance(value, str):
        return _UNSEEN.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {name: _visible(its) for name, its in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(its) for its in value]
    return value


def _prose(text: str) -> Markup:
    """Return text in which commands between backticks are code; all else is escaped."""
    parts = str(text).split("`")
    kinds = [Markup("{}"), Markup("<code>{}</code>")]
    return Markup("").join(kinds[i % 2].format(part) for i, part in enumerate(parts))


def read_style() -> str:
    """Return the page's style."""
    return (TEMPLATE / "page.css").read_text(encoding="utf-8")


def read_script() -> str:
    """Return the page's script, in a scope of its own."""
    parts = [(TEMPLATE / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _hash(text: str) -> str:
    """Return what a content security policy calls a script or style: nothing else may run."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
