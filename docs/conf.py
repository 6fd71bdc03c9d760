"""Sphinx: https://www.sphinx-doc.org/en/master/usage/configuration.html"""

import sys
from pathlib import Path

import django
from django.conf import settings

import causeway

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

# autodoc imports modules that look at the settings.
settings.configure(INSTALLED_APPS=["causeway"])
django.setup()

project = "django-causeway"
author = "the django-causeway developers"
copyright = author
version = release = causeway.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.extlinks", "documented_checks"]
exclude_patterns = ["_build"]
extlinks = {"django": ("https://docs.djangoproject.com/en/stable/%s", "%s")}
autodoc_typehints = "none"
# CoreManager and the exceptions add to Django's classes: what they inherit is in Django's documentation.
autodoc_default_options = {"show-inheritance": True}

# Messages are quoted as they are printed.
smartquotes = False

html_theme = "furo"
html_title = f"{project} {version}"
html_copy_source = False
html_show_sourcelink = False
highlight_language = "python"
