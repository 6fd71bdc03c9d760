"""From Markdown, reStructuredText or plain text to HTML that is safe to show.

Authors are not trusted: whatever the markup makes is cleaned down to a list of harmless tags.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

import nh3
from django.utils.html import linebreaks
from django.utils.safestring import mark_safe
from docutils import nodes
from docutils.core import publish_parts
from docutils.writers.html5_polyglot import HTMLTranslator, Writer
from markdown_it import MarkdownIt

from wire import sphinx_markup
from wire.models import Markup

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
INLINE = {"a", "abbr", "b", "br", "code", "del", "em", "i", "kbd", "strong", "sub", "sup"}
BLOCKS = {"aside", "blockquote", "dd", "dl", "dt", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
SILENT = {"pre", "script", "style"}  # no prose
TAGS = HEADINGS | INLINE | BLOCKS | TABLES
DOCUTILS = {
    "_disable_config": True,  # no file of this machine changes how an article looks
    "doctitle_xform": True,
    "embed_stylesheet": False,
    "file_insertion_enabled": False,  # an article must not read files of the server
    "halt_level": 5,  # show what can be shown of an article with a mistake in it
    "initial_header_level": 2,
    "raw_enabled": False,
    "report_level": 5,
    "smart_quotes": False,
    "syntax_highlight": "none",
}


class Translator(HTMLTranslator):
    def visit_literal(self, node):
        # Docutils writes a span with a class, which is not left after cleaning.
        self.body.append(f"<code>{self.encode(node.astext())}</code>")
        raise nodes.SkipNode


@lru_cache(maxsize=512)
def render(markup, body):
    """The HTML of an article's body, without its title, cleaned."""
    return mark_safe(clean(convert(markup, body)[1]))


@lru_cache(maxsize=512)
def render_text(text):
    """The HTML of plain text: paragraphs and line breaks, nothing else."""
    return mark_safe(linebreaks(text, autoescape=True))


def convert(markup, body):
    """The title of a text ("" where it has none) and its HTML, which is not clean yet."""
    if markup == Markup.MARKDOWN:
        return convert_markdown(body)
    if markup == Markup.RESTRUCTUREDTEXT:
        return convert_restructuredtext(body)
    return "", linebreaks(body, autoescape=True)


def convert_markdown(body):
    parser = sphinx_markup.read_fences(MarkdownIt("commonmark").enable(["table", "strikethrough"]))
    tokens = parser.parse(body)
    title = ""
    if len(tokens) > 1 and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        title = outline(parser.renderer.render(tokens[1:2], parser.options, {})).text
        tokens = tokens[3:]
    for token in tokens:
        if token.tag == "h1":  # the page has one of its own
            token.tag = "h2"
    return title, parser.renderer.render(tokens, parser.options, {})


def convert_restructuredtext(body):
    sphinx_markup.register_roles()
    writer = Writer()
    writer.translator_class = Translator
    parts = publish_parts(body, writer=writer, settings_overrides=DOCUTILS)
    return outline(parts["title"]).text, parts["fragment"]


def clean(html):
    return nh3.clean(
        html, tags=TAGS, attributes={"a": {"href", "title"}}, attribute_filter=outward, strip_comments=True
    )


def outward(tag, attribute, value):
    """Links within the folder that an article came from lead nowhere on our pages."""
    if attribute == "href" and not value.startswith(("https://", "http://", "mailto:")):
        return None
    return value


@dataclass
class Outline(HTMLParser):
    """What an article says, apart from how it is set: headings, prose, its first paragraph."""

    headings: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__(convert_charrefs=True)
        self.inside = []
        self.current = None

    def handle_starttag(self, tag, attrs):
        if tag in SILENT or tag == "table":
            self.inside.append(tag)
        elif tag in HEADINGS or (tag == "p" and not self.inside):
            self.current = self.headings if tag in HEADINGS else self.paragraphs
            self.current.append("")

    def handle_endtag(self, tag):
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()
        elif tag in HEADINGS or tag == "p":
            self.current = None

    def handle_data(self, data):
        if SILENT.intersection(self.inside):
            return
        self.words.append(data)
        if self.current is not None:
            self.current[-1] += data

    @property
    def text(self):
        """All prose in one line; code is left out."""
        return " ".join(" ".join(self.words).split())


def outline(html):
    parsed = Outline()
    parsed.feed(html)
    parsed.close()
    return parsed
