"""How the documentation site is built: ``make docs``."""

import importlib.metadata
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "extensions")]
# What the notebook starts is this checkout too, not an installed copy.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")])
)

project = "superpixel-bench"
author = "the maintainers of superpixel-bench"
release = version = importlib.metadata.version("superpixel-bench")

extensions = [
    "myst_nb",  # pages in Markdown; runs the notebook
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "mathml",  # the last four are ours, in docs/extensions
    "reference_pages",
    "method_pages",
    "metric_pages",
]
exclude_patterns = ["_build", "extensions", "**/_*.md"]  # the last are parts of other pages

# Markdown as GitHub shows it, so that the pages read well there, too.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

# The notebook runs at each build; an error in it is an error of the build.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 600  # seconds a cell: the first compiles, perhaps beside other work
nb_execution_raise_on_error = True
nb_render_markdown_format = "myst"  # as of the pages: with tables
nb_ipywidgets_js = {}  # nothing of it is used, and it would come from another host

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # types stand in the docstrings, with shapes and units
autodoc_preserve_defaults = True
default_role = "py:obj"  # `name` in a docstring is a link where there is such a name
numpydoc_show_class_members = False

html_theme = "furo"  # no fonts or scripts from elsewhere; light, dark, phones
html_title = "superpixel-bench"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
copybutton_exclude = ".linenos, .gp, .go"
