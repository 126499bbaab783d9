"""What generated pages share: files written only where they change, tables, sources as links."""

import re

_DOI = re.compile(r"\bdoi:? ?(10\.\d{4,}/[^\s,;)]*[^\s,;).])", re.IGNORECASE)
_ARXIV = re.compile(r"\barXiv:? ?(\d{4}\.\d{4,5})", re.IGNORECASE)


def write(path, content):
    """Write text or bytes, unless the file has them already: Sphinx then need not read it again."""
    data = content if isinstance(content, bytes) else content.encode()
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def linked(text):
    """Make links of DOIs and arXiv numbers in a text."""
    text = _DOI.sub(r"[doi \1](https://doi.org/\1)", text)
    return _ARXIV.sub(r"[arXiv \1](https://arxiv.org/abs/\1)", text)


def plain(text):
    """Turn the ``code`` and `names` of a docstring into code of Markdown, on a single line."""
    return re.sub(r"`{1,2}([^`]+)`{1,2}", r"`\1`", " ".join(text.split()))


def table(heads, rows, numbers=False):
    """Return a Markdown table; numbers are set to the right and not broken over lines."""
    lines = [heads, ["---:" if numbers else "---"] * len(heads), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def pictures(columns, tiles):
    """Return pictures beside each other: of each a path, words for who cannot see it, a caption.

    Paths are from the folder of this documentation.
    """
    cells = "\n".join(
        f":::{{grid-item}}\n```{{figure}} /{path}\n:alt: {words}\n\n{caption}\n```\n:::"
        for path, words, caption in tiles
    )
    return f"::::{{grid}} {columns}\n:gutter: 2\n:class-container: pictures\n\n{cells}\n::::"
