"""What Sphinx adds to its two markups, read as far as an article needs it.

The default import is a Sphinx documentation. Without Sphinx its roles and directives would
stand in the articles as they were typed.
"""

import re
from functools import cache

from docutils import nodes
from docutils.parsers.rst import roles
from markdown_it import MarkdownIt

TEXT_ROLES = ["doc", "ref", "term"]
CODE_ROLES = ["attr", "class", "file", "func", "meth", "mod", "setting"]
TITLED = re.compile(r"^(.*?)\s*<[^>]*>$", re.DOTALL)
ADMONITIONS = {"admonition", "caution", "important", "note", "seealso", "tip", "warning"}
CODE = {"code", "code-block", "literalinclude", "sourcecode"}
OPTION = re.compile(r"^:[\w-]+:.*\n?", re.MULTILINE)


@cache
def register_roles():
    """Let reStructuredText show the text of a reference. The register is docutils' own, for the process."""
    for name in TEXT_ROLES + CODE_ROLES:
        roles.register_local_role(name, show_text)


def show_text(name, rawtext, text, lineno, inliner, options=None, content=()):
    shown = TITLED.sub(r"\1", text).lstrip("~!")
    node = nodes.inline(rawtext, shown) if name in TEXT_ROLES else nodes.literal(rawtext, shown)
    return [node], []


def read_fences(parser):
    """Let a Markdown parser read MyST's fenced directives: notes and code stay, the rest is left out."""
    parser.add_render_rule("fence", render_fence)
    return parser


def render_fence(renderer, tokens, index, options, env):
    token = tokens[index]
    directive = re.match(r"\{([\w:-]+)\}", token.info)
    if not directive:
        return renderer.__class__.fence(renderer, tokens, index, options, env)
    if directive[1] in CODE:
        token.info, token.content = "", OPTION.sub("", token.content).lstrip("\n")
        return renderer.__class__.fence(renderer, tokens, index, options, env)
    if directive[1] in ADMONITIONS:
        return f"<aside>{MarkdownIt('commonmark').render(OPTION.sub('', token.content))}</aside>"
    return ""
