"""What a statement does to a transaction.

Of what our own compilers send it is known. Raw SQL belongs to the transaction whatever it is; its text
tells, at most, that it changes nothing. It is read once, from its beginning to its end, by words: what
one engine reads in another way than the next is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# It changes no row and takes no lock, and needs no transaction.
READ = "read"
# It changes no row, but is to be part of the transaction.
LOCK = "lock"
# It may change rows.
UNSURE = "unsure"
WRITE = "write"
# It is about the transaction itself.
CONTROL = "control"
# Of several statements sent as one, what the last of these does counts.
BY_WEIGHT = (CONTROL, READ, LOCK, UNSURE, WRITE)

READING = {"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "PRAGMA", "SET", "USE"}
# Of cursors on the server.
READING |= {"COPY", "DECLARE", "FETCH", "MOVE", "CLOSE"}
CONTROLLING = {"SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT", "BEGIN", "START", "PREPARE", "XA"}
# What a statement that begins like one that reads changes rows by. INTO makes a table or a file.
WRITING = {"INSERT", "UPDATE", "DELETE", "MERGE", "INTO"}
# What may stand before a parenthesis and changes nothing: words of SQL, and functions of every engine.
HARMLESS = {
    *("AVG", "CAST", "COALESCE", "CONCAT", "COUNT", "CURRENT_TIMESTAMP", "DATE", "EXTRACT"),
    *("GROUPING", "LENGTH", "LOWER", "MAX", "MIN", "NOW", "NULLIF", "ROUND"),
    *("SUBSTR", "SUBSTRING", "SUM", "TRIM", "UPPER"),
    *("ALL", "AND", "ANY", "ARRAY", "AS", "BETWEEN", "BY", "CASE", "DISTINCT", "ELSE"),
    *("EXCEPT", "EXISTS", "FILTER", "FROM", "HAVING", "IN", "INTERSECT", "INTERVAL", "IS", "JOIN"),
    *("LATERAL", "LIKE", "LIMIT", "NOT", "OFFSET", "ON", "OR", "OVER", "PARTITION", "RECURSIVE"),
    *("ROW", "SELECT", "SOME", "THEN", "TO", "UNION", "USING", "VALUES", "WHEN", "WHERE", "WITH"),
}
TOKEN = re.compile(
    r"""
    (?P<word> (?P<dotted> (?<=\.) )? [^\W\d]\w*+ ) (?= \s*+ (?P<call> \( )? )
    | (?P<end> ; )
    # Passed over: what is quoted, where no backslash may escape the end of it, and comments.
    | '[^'\\]*+' | "[^"\\]*+" | `[^`]*+`
    | --(?:\s[^\n]*+|\Z)
    | /\*(?!M?!) (?: [^*/]++ | \*(?!/) | /(?!\*) )*+ \*/
    | \d\w*+ | \[ [\d:] | %(?: \(\w++\) )? s\b
    # What remains of these ends elsewhere, or means something else, on one engine or another.
    | (?P<doubt> ['"`\\#$[] | -- | /\* )
    """,
    re.VERBOSE,
)
PLAIN_BEGINNING = re.compile(r"[A-Za-z]+")
PLAINLY_WRITING = {"ALTER", "CREATE", "DELETE", "DROP", "INSERT", "UPDATE"}


class Known(str):
    """SQL of which whoever made it knows what it does."""

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, sql: str, kind: str = READ) -> Known:
        self = super().__new__(cls, sql)
        self.kind = kind
        return self


def of_temporary(sql: str) -> Known:
    """SQL that makes, fills or drops a temporary table of ours: no row that stays is changed."""
    return Known(sql, LOCK)


def of_query(sql: str) -> Known:
    """The SQL of a SELECT that our own compilers made, which may lock rows, or call what locks."""
    text = sql.lower()
    if "lock" not in text and " for " not in text:
        return Known(sql)
    is_locking = any(
        is_lock(word, before) or (is_call and "LOCK" in word)
        for word, before, is_call in words_of(sql)
        if word
    )
    return Known(sql, LOCK if is_locking else READ)


def kind_of(sql: Any) -> str:
    """What a statement is: ``READ``, ``LOCK``, ``UNSURE``, ``WRITE`` or ``CONTROL``."""
    kind: str | None = getattr(sql, "kind", None)
    if kind is not None:
        return kind
    return kind_of_text(sql) if isinstance(sql, str) else WRITE


def kind_of_text(sql: str) -> str:
    """What raw SQL is: ``LOCK`` where it plainly changes nothing."""
    found = PLAIN_BEGINNING.match(sql)
    if found and found[0].upper() in PLAINLY_WRITING:
        # Most do, and there may be much more of it.
        return WRITE
    kinds, writing = {CONTROL}, WRITING
    for word, before, is_call in words_of(sql):
        if word and before is None:
            writing = WRITING | {"FROM"} if word == "COPY" and not is_call else WRITING
            kinds.add(kind_by_first(word))
        else:
            kinds.add(WRITE if word in writing and not is_lock(word, before) else kind_within(word, is_call))
        if WRITE in kinds:
            break
    return max(kinds, key=BY_WEIGHT.index)


def kind_by_first(word: str) -> str:
    if word in CONTROLLING:
        return CONTROL
    return LOCK if word in READING else WRITE


def kind_within(word: str | None, is_call: bool) -> str:
    if word is None or (is_call and word not in HARMLESS):
        return UNSURE
    return CONTROL


def is_lock(word: str | None, before: str | None) -> bool:
    """Whether a word ends FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE or LOCK IN SHARE MODE."""
    return (word in {"UPDATE", "SHARE"} and before in {"FOR", "KEY"}) or (word, before) == ("SHARE", "IN")


def words_of(sql: str) -> Iterator[tuple[str | None, str | None, bool]]:
    """Each word outside of quotes and comments, in capitals, the one before it in its statement, and whether a
    parenthesis follows. None stands for what one engine reads in another way than the next.
    """
    before = None
    for match in TOKEN.finditer(sql):
        if match["doubt"]:
            yield None, before, False
        elif match["end"]:
            before = None
        elif match["word"]:
            # What follows a dot is a name.
            word = match["word"].upper() if match["dotted"] is None else "." + match["word"].upper()
            yield word, before, bool(match["call"])
            before = word
