"""Takes SQL apart into words, names in quotes and what else there is, by the rules of an engine."""

import re
from functools import cache
from typing import NamedTuple

# The ends of a comment in a comment.
COMMENT_MARK = re.compile(r"/\*|\*/")


class Rules(NamedTuple):
    """In what engines differ: what a string is, and a comment."""

    # In a string, a backslash takes the next character out; so it does in E'…' everywhere.
    has_backslashes: bool = False
    # "…" is a string, and not a name.
    has_double_quoted_strings: bool = False
    # A # begins a comment, and -- only does before white space.
    has_hash_comments: bool = False
    # A comment may hold comments.
    has_nested_comments: bool = False
    # $tag$ … $tag$ is a string.
    has_dollar_quotes: bool = False


class Token(NamedTuple):
    """``kind`` is ``word``, ``name`` (one in quotes), ``blank`` (white space and comments) or ``other``."""

    kind: str
    text: str


def tokens(sql: str, rules: Rules) -> list[Token]:
    """The tokens of a text in order, which together are the text. A string that does not end goes to the end."""
    found: list[Token] = []
    pattern, at = pattern_of(rules), 0
    while match := pattern.match(sql, at):
        end = match.end()
        if match.lastgroup == "blank" and rules.has_nested_comments and match[0] == "/*":
            end = end_of_comment(sql, end)
        if match.lastgroup:
            found.append(Token(match.lastgroup, sql[at:end]))
        at = end
    return found


def end_of_comment(sql: str, at: int) -> int:
    """Where a comment ends that began before, with all that it holds."""
    depth = 1
    for mark in COMMENT_MARK.finditer(sql, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(sql)


@cache
def pattern_of(rules: Rules) -> re.Pattern[str]:
    # Each alternative reads on in one way only, so the time is linear.
    plain, escaped = r"'[^']*(?:''[^']*)*'?", r"'[^'\\]*(?:(?:\\.|'')[^'\\]*)*'?"
    strings = [f"[eE]{escaped}", escaped if rules.has_backslashes else plain]
    names = [r"`[^`]*(?:``[^`]*)*`?"]
    double = (escaped if rules.has_backslashes else plain).replace("'", '"')
    (strings if rules.has_double_quoted_strings else names).append(double)
    if rules.has_dollar_quotes:
        strings.append(r"(?P<tag>\$(?:[^\W\d]\w*)?\$)(?:.*?(?P=tag)|.*)")
    comment = r"/\*" if rules.has_nested_comments else r"/\*.*?(?:\*/|\Z)"
    line = r"(?:--(?=\s|\Z)|\#)[^\n]*" if rules.has_hash_comments else r"--[^\n]*"
    return re.compile(
        rf"""
        (?P<blank>\s+|{line}|{comment})
        |(?P<string>{"|".join(strings)}|%\(\w+\)s)
        |(?P<name>{"|".join(names)})
        |(?P<word>[^\W\d][\w$]*)
        |(?P<other>\$?\d[\w.]*|.)
        """,
        re.VERBOSE | re.DOTALL,
    )
