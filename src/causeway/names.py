"""Names as statements have them: those that others gave, which may be any text, and our own.

Django puts the names of a model's tables and columns into statements, and we put them there as it does: what it
bears is borne, and a name may bring its own quotes. The names of databases and schemas, those that a server tells
and those that are made of an alias are ours to put there.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

# What has no meaning in quotes: to an engine, a driver, or Python's formatting. (MySQL has no characters beyond
# the Basic Multilingual Plane in names, and no space at their end.)
PLAIN = re.compile(r"(?:[.-]|[^\W\U00010000-\U0010ffff])+(?: (?:[.-]|[^\W\U00010000-\U0010ffff])+)*")
NOT_PLAIN = re.compile(r"[\W\U00010000-\U0010ffff]")
DIGITS = 16


def quoted(ops: Any, name: str) -> str:
    """A name in the quotes of an engine's operations, whatever it has in it. (Django's own doubles no quote.)"""
    return in_quotes(name, ops.quote_name("x")[0])


def in_quotes(text: str, quote: str) -> str:
    return f"{quote}{str(text).replace(quote, quote * 2)}{quote}"


def is_qualified(ops: Any, name: str) -> bool:
    """Whether a name, in the quotes that Django puts round it or has it bring, names a schema as well."""
    quote = ops.quote_name("x")[0]
    parts = ops.quote_name(name)[1:-1].split(f"{quote}.{quote}")
    return len(parts) == 2 and all(parts) and quote not in "".join(parts)


def with_parameters(sql: str) -> str:
    """SQL of names as a part of a statement that has parameters: their places are told by percent signs."""
    return sql.replace("%", "%%")


def own_name(told: str, longest: int | None = None, is_taken: bool = False) -> str:
    """A name of ours made of others': another one for each of theirs, and the same where it needs no care.

    ``longest`` is how many bytes it may have; None for any number. ``is_taken`` says that it cannot be the same.
    """
    fits = longest is None or len(told.encode("utf-8", "surrogatepass")) <= longest
    if fits and not is_taken and PLAIN.fullmatch(told):
        return told
    data = told.encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(data).hexdigest()[:DIGITS]
    room = (longest or 63) - DIGITS - 1
    return f"{cut(NOT_PLAIN.sub('_', told), room)}_{digest}"


def cut(text: str, most: int) -> str:
    """The beginning of a text that has so many bytes, without half a character."""
    return text.encode()[:most].decode(errors="ignore")
