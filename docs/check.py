"""Check a built site: every link leads somewhere, and opening a page asks nothing of other hosts.

``python docs/check.py docs/_build/html`` prints what is wrong, one line each, and exits with 1.
Links to other hosts are checked by their form alone: the build has no network.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself, unlike the href of <a>.
_FETCHED = {"src", "srcset", "poster", "data"}
_LINKS_FETCHED = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "manifest"}
_IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")
_IN_SCRIPT = re.compile(r"""(?:\bfrom|\bimport\(?|\bfetch\()\s*["'`]((?:https?:)?//[^"'`]+)""")


class Page(HTMLParser):
    """The ids of a page, where it leads, and what it fetches."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.fetched = set(), [], []
        self.feed(text)
        self.fetched += _IN_STYLE.findall(text) + _IN_SCRIPT.findall(text)

    def handle_starttag(self, tag, attrs):
        """Take down what the tag names."""
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        self.fetched += [given[name] for name in _FETCHED & given.keys() if tag != "object"]
        if tag == "link" and _LINKS_FETCHED & set(given.get("rel", "").split()):
            self.fetched.append(given.get("href", ""))
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])


def problems(root):
    """Yield what is wrong with a built site, one line each.

    Parameters
    ----------
    root : Path
        The folder of its pages.
    """
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(root.rglob("*.html"))}
    if not pages:
        yield f"{root}: no page is there; build the site first"
    for path, page in pages.items():
        here = path.relative_to(root)
        for target in page.fetched:
            if _is_outside(target):
                yield f"{here}: fetches {target} from another host"
            else:
                yield from _missing(target, path, root, pages)
        for target in page.links:
            if _is_outside(target):
                yield from _malformed(target, here)
            else:
                yield from _missing(target, path, root, pages)
    for kind, pattern in (("css", _IN_STYLE), ("js", _IN_SCRIPT)):
        for path in sorted(root.rglob(f"*.{kind}")):
            for target in pattern.findall(path.read_text("utf-8")):
                yield f"{path.relative_to(root)}: fetches {target} from another host"


def _is_outside(target):
    parts = urlsplit(target)
    return bool(parts.netloc) or parts.scheme in ("http", "https", "mailto")


def _malformed(target, here):
    """Complain of a link to another host that cannot be one."""
    parts = urlsplit(target)
    host = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.hostname or "")
    whole = parts.scheme in ("http", "https") and host and not re.search(r"[\s<>]", target)
    if not whole and parts.scheme != "mailto":
        yield f"{here}: {target!r} is no address"


def _missing(target, path, root, pages):
    """Complain of a link to a file or a place in a page that is not there."""
    parts = urlsplit(target)
    if parts.scheme in ("data", "javascript"):
        return
    name = unquote(parts.path)
    there = (root / name.lstrip("/") if name.startswith("/") else path.parent / name).resolve()
    there = path if not name else there / "index.html" if there.is_dir() else there
    here = path.relative_to(root)
    if not there.exists():
        yield f"{here}: {target!r} leads to no file"
    elif parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].ids:
        yield f"{here}: {target!r} leads to no place in that page"


if __name__ == "__main__":
    found = sorted(set(problems(Path(sys.argv[1]).resolve())))
    print("\n".join(found) or "every link leads somewhere, and nothing is fetched from other hosts")
    sys.exit(bool(found))
