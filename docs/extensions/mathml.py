"""Formulas as MathML, which browsers set by themselves: no script, no fonts, no other host."""

import re

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

LOG = logging.getLogger(__name__)


# By themselves bars between two letters are set as operators, with space around them.
_BARS = (
    (re.compile(r'<mo class="mathopen">([|‖])'), r'<mo form="prefix" stretchy="false">\1'),
    (re.compile(r"<mo>([|‖])"), r'<mo form="postfix" stretchy="false">\1'),
)


def _write(writer, node, as_block):
    try:
        text = tex2mathml(node.astext(), as_block=as_block)
        for bar, fence in _BARS:
            text = bar.sub(fence, text)
        writer.body.append(text)
    except MathError as error:
        LOG.warning("formula %r: %s", node.astext(), error, location=node)


def _inline(writer, node):
    _write(writer, node, as_block=False)
    raise SkipNode


def _block(writer, node):
    writer.body.append('<div class="math">')
    _write(writer, node, as_block=True)
    writer.body.append("</div>")
    raise SkipNode


def setup(app):
    """Register the renderer, which ``html_math_renderer`` names."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
