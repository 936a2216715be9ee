"""How Sphinx builds the site: `make site`."""

import sys
from pathlib import Path

import hrtem_lab

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "hrtem_lab"
author = "the hrtem_lab developers"
project_copyright = f"{author}, MIT licence"
version = release = hrtem_lab.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "floors",
    "links",
    "mathml",
    "rooms",
]
exclude_patterns = ["_*"]
nitpicky = True
nitpick_ignore_regex = [("py:obj", r"(ase|matplotlib|numpy|xarray)\..+")]  # their sites are on other machines
# A word in single backticks is a link where it names something of the package, and emphasised where not.
default_role = "autolink"

# Anchors as on a forge: the same links hold there, here and in the dashboard.
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]

autodoc_typehints = "none"  # the docstrings say them, with units
autosummary_generate = False  # the pages in api/ are written by the directive `room`
numpydoc_show_class_members = False  # autodoc does

# Nothing is loaded from another machine: equations need no script, the theme brings its fonts.
html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "hrtem_lab"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {"site/tutorial": []}
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

linkcheck_anchors = False  # DOIs lead to pages that build themselves by script
