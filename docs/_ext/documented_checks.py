"""Warns, and so fails the build, where ``ref/checks.rst`` and the source differ.

Every system check in ``src/causeway`` must have its id and an example of its message on the page,
and every id on the page must be in the source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

import causeway

PAGE = "ref/checks"
ID = re.compile(r"causeway\.[EW]\d{3}")

logger = logging.getLogger(__name__)


def checks_in_source() -> Iterator[tuple[str, str]]:
    """The id of each check message in the source, and a regular expression of its text."""
    for file in Path(causeway.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for keyword in node.keywords:
                    if keyword.arg == "id" and ID.fullmatch(getattr(keyword.value, "value", "")):
                        yield keyword.value.value, pattern(node.args[0])


def pattern(text: ast.expr) -> str:
    """What the text of a message looks like: any text stands where it has a variable part."""
    if isinstance(text, ast.Constant):
        return re.escape(str(text.value))
    if isinstance(text, ast.JoinedStr):
        return "".join(pattern(part) for part in text.values)
    if isinstance(text, ast.BinOp):
        return pattern(text.left) + pattern(text.right)
    if isinstance(text, ast.IfExp):
        return f"(?:{pattern(text.body)}|{pattern(text.orelse)})"
    return ".+"


def check_page(app: Sphinx, env: BuildEnvironment) -> None:
    text = " ".join((Path(env.srcdir) / f"{PAGE}.rst").read_text().split())
    documented, in_source = set(ID.findall(text)), set()
    for identifier, message in checks_in_source():
        in_source.add(identifier)
        if identifier not in documented:
            logger.warning("the system check %s is not documented", identifier, location=PAGE)
        elif not re.search(message.replace(r"\ ", " "), text):
            logger.warning(
                "the message of %s is not that of the source: %s", identifier, message, location=PAGE
            )
    for identifier in sorted(documented - in_source):
        logger.warning("there is no system check %s", identifier, location=PAGE)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("env-check-consistency", check_page)
    return {"parallel_read_safe": True}
