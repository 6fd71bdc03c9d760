"""Core tables in raw SQL."""

import re

import sqlparse
from sqlparse import tokens

# What ends the list of tables that a FROM begins.
ENDS_TABLES = {
    "WHERE",
    "GROUP BY",
    "HAVING",
    "ORDER BY",
    "LIMIT",
    "UNION",
    "ON",
    "USING",
    "SELECT",
    "SET",
    "WINDOW",
}

# What asks for the plan of the statement after it.
EXPLAIN = re.compile(
    r"\s*(?:EXPLAIN|ANALYZE|DESCRIBE|DESC)\b"
    r"(?:\s*\([^)]*\)|\s+(?:ANALYZE|EXTENDED|PARTITIONS|VERBOSE|FORMAT\s*=\s*\w+)\b)*",
    re.IGNORECASE,
)


def qualify_select(sql, qualified):
    """The SELECT with its bare table names replaced by ``qualified(name)``, where that is not None.

    Its EXPLAIN as well. Any other statement is returned as it is: what writes must name its
    tables in full.
    """
    explain = match[0] if (match := EXPLAIN.match(sql)) else ""
    statements = sqlparse.parse(sql.removeprefix(explain))
    if len(statements) != 1 or statements[0].get_type() != "SELECT":
        return sql
    flat = list(statements[0].flatten())
    return explain + "".join(_replaced(flat, qualified))


def _replaced(flat, qualified):
    # One entry a level of parentheses: may a table name come next, are we in a list of tables,
    # is it a SELECT's (and not that of EXTRACT(… FROM …))?
    expected, listing, selects = [False], [False], [False]
    for position, token in enumerate(flat):
        value = token.value
        if token.ttype in tokens.Keyword:
            word = " ".join(value.upper().split())
            selects[-1] = selects[-1] or word == "SELECT"
            if (word == "FROM" and selects[-1]) or word.endswith("JOIN"):
                expected[-1] = listing[-1] = True
            elif word in ENDS_TABLES:
                expected[-1] = listing[-1] = False
        elif value == "(":
            expected.append(expected[-1])
            listing.append(listing[-1])
            selects.append(False)
            expected[-2] = False  # what stands in the parentheses is the table
        elif value == ")" and len(expected) > 1:
            expected.pop()
            listing.pop()
            selects.pop()
        elif value == ",":
            expected[-1] = listing[-1]
        elif expected[-1] and not token.is_whitespace and token.ttype not in tokens.Comment:
            expected[-1] = False
            followed_by_dot = position + 1 < len(flat) and flat[position + 1].value == "."
            if not followed_by_dot:
                value = qualified(value.strip('`"')) or value
        yield value
