"""Core tables in raw SQL."""

from collections import namedtuple

from sqlparse import tokens
from sqlparse.lexer import tokenize

# What asks for the plan of the statement after it.
EXPLAINS = {"ANALYZE", "DESC", "DESCRIBE", "EXPLAIN"}
READS = {"SELECT", "TABLE", "VALUES"}
WRITES = {"DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"}
# What ends the list of tables that a FROM begins. (UPDATE and SHARE are those of FOR UPDATE OF, which names aliases.)
ENDS_TABLES = {
    *("WHERE", "GROUP BY", "HAVING", "WINDOW", "ORDER BY", "LIMIT", "OFFSET", "FETCH", "SET"),
    *("UNION", "UNION ALL", "EXCEPT", "INTERSECT", "UPDATE", "SHARE"),
}
# They stand before a table.
BEFORE_TABLES = {"LATERAL", "ONLY"}
OPENING = {"(": ")", "[": "]"}

# A token that means something: where it stands among all, its text, and that in capitals if it is a word, unquoted.
Part = namedtuple("Part", "position value word")
# What a WITH clause defines: its name, where its query is in parentheses, and where what follows begins.
Definition = namedtuple("Definition", "name opened after")


def qualify_select(sql, qualified, fold=str):
    """The SELECT with its bare table names replaced by ``qualified(name)``, where that is not None.

    Its EXPLAIN as well. Where a name is in scope that a WITH clause defines, it is no table's.
    ``fold`` makes of a name without quotes what the engine does. Any other statement is returned
    as it is: what writes must name its tables in full.
    """
    values = list(tokenize(sql))
    statement = Statement(values, fold)
    if not statement.is_query():
        return sql
    replaced = {part.position: qualified(statement.name(part)) for part in statement.tables()}
    return "".join(replaced.get(position) or value for position, (_, value) in enumerate(values))


class Statement:
    """A statement that is read for the tables it names, other than what it defines itself."""

    def __init__(self, values, fold):
        self.fold = fold
        self.parts = [
            Part(position, value, word(kind, value))
            for position, (kind, value) in enumerate(values)
            if value.strip() and kind not in tokens.Comment
        ]
        while self.parts and self.parts[-1].value == ";":
            self.parts.pop()
        self.end = len(self.parts)
        # There is always a next one.
        self.parts.append(Part(None, "", ""))
        self.closing = closing(self.parts)
        self.start = self.after_explain() if self.parts[0].word in EXPLAINS else 0

    def after_explain(self):
        at = 1
        while at < self.end and self.main_word(at) not in {"SELECT", *WRITES}:
            at = self.after(at)
        return at

    def is_query(self):
        """Whether it is a single statement that reads."""
        is_single = all(part.value != ";" for part in self.parts)
        return is_single and self.main_word(self.start) in READS

    def main_word(self, at):
        """The word that says what is done by what begins there."""
        while self.parts[at].value == "(":
            at += 1
        for definition in self.definitions(at):
            at = definition.after
        return self.parts[at].word

    def after(self, at):
        """The part after one, and after what that opens."""
        return self.closing.get(at, at) + 1

    def name(self, part):
        """The name that a part is."""
        quote = part.value[0]
        if quote in '"`':
            return part.value[1:-1].replace(quote * 2, quote)
        return self.fold(part.value)

    def definitions(self, at):
        """What is defined by a WITH clause that begins there, if one does: that of WITH ORDINALITY does not."""
        if self.parts[at].word != "WITH":
            return
        at += 2 if self.parts[at + 1].word == "RECURSIVE" else 1
        while (opened := self.opened(at)) is not None:
            after = self.after(opened)
            # Clauses that tell how to search, and how to find cycles, have commas too.
            while not self.ends_definition(after):
                after = self.after(after)
            yield Definition(self.name(self.parts[at]), opened, after)
            if self.parts[after].value != ",":
                return
            at = after + 1

    def opened(self, at):
        """Where the query stands in parentheses that defines the name there; None if none does."""
        at = at + 1 if self.parts[min(at + 1, self.end)].value != "(" else self.after(at + 1)
        if at >= self.end or self.parts[at].word != "AS":
            return None
        at += 1
        while self.parts[at].word in {"NOT", "MATERIALIZED"}:
            at += 1
        return at if self.parts[at].value == "(" else None

    def ends_definition(self, at):
        part = self.parts[at]
        is_next = part.value == "," and self.opened(at + 1) is not None
        return at >= self.end or is_next or part.value == "(" or part.word in READS | WRITES

    def tables(self):
        """The parts that are names of tables."""
        levels = [Level(self, self.start, self.end, frozenset(), is_table=False)]
        for level in levels:
            yield from level.tables()
            levels += level.inner


class Level:
    """What stands within one pair of parentheses, without that in further ones, which are levels of their own.

    ``own`` are the names that the statement defines for it, ``is_table`` tells that it stands where a table might.
    """

    def __init__(self, statement, start, end, own, *, is_table):
        self.statement = statement
        self.start = start
        self.end = end
        self.own = own
        # Whether a table may come next, and after each comma.
        self.is_expected = self.is_list = is_table
        # Whether a FROM is a SELECT's, and not that of EXTRACT(… FROM …).
        self.selects = False
        self.inner = []

    def tables(self):
        at = self.start
        while at < self.end:
            part = self.statement.parts[at]
            if definitions := list(self.statement.definitions(at)):
                self.define(definitions, self.statement.parts[at + 1].word == "RECURSIVE")
                at = definitions[-1].after
                continue
            if at in self.statement.closing:
                self.descend(at, self.own, is_table=self.is_expected)
            elif self.is_table(at, part):
                yield part
            at = self.after(at)

    def define(self, definitions, is_recursive):
        """Have the names that are defined be known from here on."""
        names = [definition.name for definition in definitions]
        for number, definition in enumerate(definitions):
            known = names if is_recursive else names[:number]
            self.descend(definition.opened, self.own | set(known), is_table=False)
        self.own |= set(names)

    def descend(self, at, own, *, is_table):
        level = Level(self.statement, at + 1, self.statement.closing[at], own, is_table=is_table)
        self.inner.append(level)
        self.is_expected = False

    def is_table(self, at, part):
        """Whether a part is the name of a table; what may follow is told by it."""
        if part.value == ",":
            self.is_expected = self.is_list
        elif part.word in {"SELECT", "TABLE"}:
            self.selects = True
            self.is_list = False
            self.is_expected = part.word == "TABLE"
        elif self.is_expected and part.word not in BEFORE_TABLES:
            self.is_expected = False
            return self.is_bare(at) and self.statement.name(part) not in self.own
        elif self.begins_list(at, part.word):
            self.is_list = self.is_expected = True
        elif part.word in ENDS_TABLES:
            self.is_list = False
        return False

    def begins_list(self, at, word):
        if word != "FROM":
            return word == "JOIN" or word.endswith((" JOIN", "STRAIGHT_JOIN"))
        # That of IS DISTINCT FROM compares.
        before = self.statement.parts[at - 1].word == "DISTINCT" and self.statement.parts[at - 2].word
        return self.selects and before not in {"IS", "NOT"}

    def is_bare(self, at):
        """Whether a name stands alone: neither qualified, nor that of a function."""
        return self.statement.parts[at + 1].value not in {".", "("}

    def after(self, at):
        """The next part of this level; of a qualified name, none is a name by itself."""
        at = self.statement.after(at)
        while at < self.end and self.statement.parts[at].value == ".":
            at += 2
        return at


def word(kind, value):
    is_word = value[0] not in "\"`'" and (kind in tokens.Keyword or kind in tokens.Name)
    return " ".join(value.upper().split()) if is_word else ""


def closing(parts):
    """Where the parentheses and brackets are closed that are opened at a part."""
    found, opened = {}, []
    for at, part in enumerate(parts):
        if part.value in OPENING:
            opened.append(at)
        elif opened and part.value == OPENING[parts[opened[-1]].value]:
            found[opened.pop()] = at
    return found
