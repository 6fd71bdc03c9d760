"""Files that may become articles: finding them, reading them, and why one is left out."""

import os
import stat
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import frontmatter
import yaml
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import Truncator

from wire.keywords import keywords
from wire.models import Markup
from wire.rendering import convert, outline

MARKUPS = {
    ".markdown": Markup.MARKDOWN,
    ".md": Markup.MARKDOWN,
    ".rst": Markup.RESTRUCTUREDTEXT,
    ".text": Markup.TEXT,
    ".txt": Markup.TEXT,
}
LONGEST_TITLE_LINE = 120


class Skipped(Exception):
    """A file is left out; the message says why."""


@dataclass
class Manuscript:
    """An article as its file gives it."""

    key: uuid.UUID  # of the file's path: the same file is the same article
    digest: str  # of the file's bytes: has it changed?
    title: str
    summary: str
    body: str
    markup: Markup
    prose: str
    author: str | None
    place: str | None
    tags: list[str]
    published_at: datetime


def find(folder, unreadable):
    """The files under a folder, sorted; calls ``unreadable(folder, reason)`` where one cannot be read.

    Hidden folders and those that begin with an underscore (what Sphinx builds) are left out.
    """

    def report(error):
        unreadable(Path(error.filename), (error.strerror or "unknown reason").lower())

    found = []
    for parent, folders, names in os.walk(folder, onerror=report):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        found += [Path(parent, name) for name in sorted(names) if not name.startswith(".")]
    return found


def read(path, max_bytes):
    """The manuscript in a file. Raises Skipped."""
    markup = MARKUPS.get(path.suffix.lower())
    if markup is None:
        raise Skipped("is not Markdown, reStructuredText or text")
    content, modified = read_bytes(path, max_bytes)
    fields, body = front_matter(decode(content))
    if markup == Markup.TEXT:
        title, body = first_line(body)
        html = convert(markup, body)[1]
    else:
        title, html = convert_safely(markup, body)
    page = outline(html)
    title = text_of(fields, "title") or title or (page.headings[0] if page.headings else "")
    if not title.strip():
        raise Skipped("has no title")
    author = text_of(fields, "author") or text_of(fields, "authors")
    return Manuscript(
        key=uuid.uuid5(uuid.NAMESPACE_URL, path.resolve().as_uri()),
        digest=sha256(content).hexdigest(),
        title=" ".join(title.split()),
        summary=text_of(fields, "summary") or text_of(fields, "description") or first_paragraph(page),
        body=body,
        markup=markup,
        prose=f"{title}. {page.text}",
        author=author,
        place=text_of(fields, "place"),
        tags=tags_of(fields) or keywords(title, page.headings, page.text),
        published_at=date_of(fields) or modified,
    )


def read_bytes(path, max_bytes):
    """The content of a file and when it was last changed."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Skipped("is not a regular file")
        if status.st_size > max_bytes:
            raise Skipped(f"is too large: {status.st_size:,} bytes, at most {max_bytes:,}")
        return path.read_bytes(), datetime.fromtimestamp(status.st_mtime, UTC)
    except OSError as error:
        raise Skipped(f"cannot be read: {(error.strerror or 'unknown reason').lower()}") from error


def decode(content):
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Skipped(f"is not UTF-8: byte {error.start} cannot be decoded") from error
    if "\0" in text:
        raise Skipped("holds binary data, not text")
    if not text.strip():
        raise Skipped("is empty")
    return text.replace("\r\n", "\n")


def front_matter(text):
    """The fields between two lines of three dashes at the start of a text, and the text after them."""
    if text.partition("\n")[0].rstrip() != "---":
        return {}, text
    try:
        fields, body = frontmatter.parse(text, handler=frontmatter.YAMLHandler())
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date that is none
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""
        raise Skipped(f"has front matter that is not YAML{where}") from error
    if fields and not body.strip():
        raise Skipped("has front matter and no text")
    return (fields, body) if fields else ({}, text)


def convert_safely(markup, body):
    """The title and the HTML of a text. Raises Skipped for whatever the parser stumbles over."""
    try:
        return convert(markup, body)
    except Exception as error:
        raise Skipped(f"cannot be read as {markup.label} ({type(error).__name__})") from error


def first_line(text):
    """The title of a plain text, a short first line with an empty one below it, and the rest."""
    title, _, rest = text.strip().partition("\n")
    if len(title) > LONGEST_TITLE_LINE or not rest.startswith("\n"):
        return "", text
    return title, rest.strip()


def first_paragraph(page):
    """The first paragraph that says something: not the label of a table or a list."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in page.paragraphs]
    spoken = (paragraph for paragraph in paragraphs if paragraph.count(" ") > 4)
    return Truncator(next(spoken, "".join(paragraphs[:1]))).chars(280)


def text_of(fields, name):
    value = fields.get(name)
    if isinstance(value, list) and value:
        value = value[0]
    if value is None or isinstance(value, str | int | float | date):
        return str(value or "").strip()
    raise Skipped(f"has front matter whose {name!r} is not a text")


def tags_of(fields):
    tags = fields.get("tags") or []
    if isinstance(tags, str):
        tags = tags.split(",")
    if not isinstance(tags, list) or not all(isinstance(tag, str | int | float) for tag in tags):
        raise Skipped("has front matter whose 'tags' is not a list of words")
    return [tag for tag in (str(tag).strip() for tag in tags) if tag]


def date_of(fields):
    value = fields.get("date")
    if isinstance(value, str):
        try:
            value = parse_datetime(value) or parse_date(value)
        except ValueError:
            value = None
    elif value is None:
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise Skipped("has front matter whose 'date' is not a date (write 2026-01-31)")
