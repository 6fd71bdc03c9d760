"""What a statement does to a transaction, told by its first words."""

import re

# What a statement begins with, after comments and parentheses.
FIRST_WORD = re.compile(r"(?:[\s(]|--[^\n]*\n|/\*.*?\*/)*(\w+)", re.DOTALL)
READING = {"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "PRAGMA", "SET", "USE"}
# Of cursors on the server.
READING |= {"DECLARE", "FETCH", "MOVE", "CLOSE"}
CONTROLLING = {"SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT", "BEGIN", "START", "PREPARE", "XA"}
LOCKING = re.compile(r"\b(?:FOR\s+(?:NO\s+KEY\s+|KEY\s+)?(?:UPDATE|SHARE)|LOCK\s+IN\s+SHARE\s+MODE)\b")
# Locks that last until the transaction, or the session, ends.
LOCKING_BY_NAME = re.compile(r"\b(?:PG_(?:TRY_)?ADVISORY_(?:XACT_)?LOCK|GET_LOCK)")
# A SELECT that makes a table or a file.
INTO = re.compile(r"\bINTO\b")
WRITING_WITHIN = re.compile(r"(?<!FOR )(?<!KEY )\b(?:INSERT\s+INTO|DELETE\s+FROM|MERGE\s+INTO|UPDATE)\b")
# COPY (SELECT …) TO STDOUT
COPYING_OUT = re.compile(r"\bTO\s+STDOUT\b", re.IGNORECASE)
QUOTED = re.compile(r"\"[^\"]*\"|`[^`]*`|'[^']*'")
# The temporary tables that this library makes for rows of core.
OUR_TEMPORARY = re.compile(r"(?:ANALYZE|COPY|CREATE|DROP|INSERT)\b[^(]{0,60}[\"`]causeway_\d", re.IGNORECASE)
# Where to look for words that stand near the end, or near the beginning, of a long statement.
WINDOW = 4_000

# It changes no row and takes no lock.
READ = "read"
# It changes no row, but lasts until the transaction ends.
LOCK = "lock"
WRITE = "write"
# It is about the transaction itself.
CONTROL = "control"


def kind_of(sql):
    """What a statement is: ``READ``, ``LOCK``, ``WRITE`` or ``CONTROL``.

    A function that writes, called by a SELECT, is not seen.
    """
    if not isinstance(sql, str):
        return WRITE
    found = FIRST_WORD.match(sql)
    word = found[1].upper() if found else ""
    if word in CONTROLLING:
        return CONTROL
    if word not in READING and not (word == "COPY" and COPYING_OUT.search(sql, max(0, len(sql) - WINDOW))):
        return LOCK if OUR_TEMPORARY.match(sql) else WRITE
    text = sql if len(sql) <= 2 * WINDOW else f"{sql[:WINDOW]} {sql[-WINDOW:]}"
    text = text.upper()
    if word in {"WITH", "EXPLAIN", "COPY"} and WRITING_WITHIN.search(QUOTED.sub("", text)):
        return WRITE
    if "INTO" in text and word in {"SELECT", "WITH"} and INTO.search(QUOTED.sub("", text)):
        return WRITE
    return LOCK if LOCKING.search(text) or ("LOCK" in text and LOCKING_BY_NAME.search(text)) else READ
