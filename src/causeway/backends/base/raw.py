"""Core tables in raw SQL."""

from typing import NamedTuple

from causeway.backends.base.lexer import tokens

# What asks for the plan of the statement after it.
EXPLAINS = {"ANALYZE", "DESC", "DESCRIBE", "EXPLAIN"}
READS = {"SELECT", "TABLE", "VALUES"}
WRITES = {"DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"}
# They stand between one of these and its table.
MODIFIERS = {"DELAYED", "HIGH_PRIORITY", "IGNORE", "INTO", "LOW_PRIORITY", "QUICK"}
# SQLite's INSERT OR …, and UPDATE OR ….
MODIFIERS |= {"OR", "ABORT", "FAIL", "REPLACE", "ROLLBACK"}
# What ends the list of tables that a FROM begins. (UPDATE and SHARE are those of FOR UPDATE OF, which names aliases.)
ENDS_TABLES = {
    *("WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "SET", "RETURNING", "WHEN"),
    *("UNION", "EXCEPT", "INTERSECT", "UPDATE", "SHARE"),
}
# What may follow a table that has no alias.
AFTER_TABLES = ENDS_TABLES | {
    *(
        "JOIN",
        "STRAIGHT_JOIN",
        "INNER",
        "LEFT",
        "RIGHT",
        "FULL",
        "CROSS",
        "NATURAL",
        "ON",
        "USING",
        "FOR",
        "FROM",
    ),
    *(
        "VALUES",
        "VALUE",
        "SELECT",
        "DEFAULT",
        "OVERRIDING",
        "PARTITION",
        "USE",
        "IGNORE",
        "FORCE",
        "TABLESAMPLE",
    ),
    *("INTO", "LOCK", "WITH", "TABLE"),
}
# What ends the list of what is written.
ENDS_TARGETS = {"SELECT", "SET", "WHERE"}
# They stand before a table.
BEFORE_TABLES = {"LATERAL", "ONLY"}
OPENING = {"(": ")", "[": "]"}


class Part(NamedTuple):
    """A token that means something: where it stands among all, and its text, in capitals if it is a word, unquoted."""

    position: int
    kind: str
    value: str
    word: str


class Definition(NamedTuple):
    """What a WITH clause defines: its name, where its query is in parentheses, and where what follows begins."""

    name: str
    opened: int
    after: int


class Statement:
    """A statement that is read for the tables it names, other than what it defines itself.

    ``rules`` are those of the engine's lexer, ``fold`` makes of a name without quotes what the
    engine does.
    """

    def __init__(self, sql, rules, fold=str):
        self.fold = fold
        self.tokens = tokens(sql, rules)
        self.parts = [
            Part(position, kind, text, text.upper() if kind == "word" else "")
            for position, (kind, text) in enumerate(self.tokens)
            if kind != "blank"
        ]
        while self.parts and self.parts[-1].value == ";":
            self.parts.pop()
        self.end = len(self.parts)
        # There is always a next one.
        self.parts.append(Part(-1, "other", "", ""))
        self.closing = closing(self.parts)
        self.start = self.after_explain() if self.parts[0].word in EXPLAINS else 0
        self.levels = self.all_levels() if self.is_single() else []

    def after_explain(self):
        at = 1
        while at < self.end and self.main_word(at) not in {"SELECT", *WRITES}:
            at = self.after(at)
        return at

    def is_single(self):
        """Whether it is a single statement that reads or writes rows."""
        is_single = all(part.value != ";" for part in self.parts)
        return is_single and self.main_word(self.start) in READS | WRITES

    def all_levels(self):
        levels = [Level(self, self.start, self.end, frozenset())]
        for level in levels:
            level.read()
            levels += level.inner
        return levels

    def with_names(self, named):
        """The statement with its bare table names replaced by ``named(name)``, where that is not None."""
        found = {
            table.position: named(self.name(table)) for level in self.levels for table in level.all_tables()
        }
        return "".join(found.get(position) or text for position, (_, text) in enumerate(self.tokens))

    def written(self):
        """By their bare names, the tables that it writes or may write."""
        return {self.name(part) for level in self.levels for part in level.written()}

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
        if part.kind == "name":
            quote = part.value[0]
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

    def alias(self, at):
        """The alias that follows the name of a table there, or None."""
        at += 2 if self.parts[at + 1].value == "*" else 1
        if self.parts[at].word == "AS":
            at += 1
        elif self.parts[at].word in AFTER_TABLES:
            return None
        part = self.parts[at]
        return self.name(part) if part.kind in {"name", "word"} else None


class Level:
    """What stands within one pair of parentheses, without that in further ones, which are levels of their own.

    ``own`` are the names that the statement defines for it. ``around`` is the level in which it
    stands where a table might.
    """

    def __init__(self, statement, start, end, own, around=None):
        self.statement = statement
        self.start = start
        self.end = end
        self.own = own
        # Whether a table may come next, and after each comma.
        self.is_expected = self.is_list = around is not None
        # Whether a FROM begins a list of tables, and is not that of EXTRACT(… FROM …).
        self.selects = False
        self.inner = []
        # The parts that name tables, and those of them with an alias by that.
        self.tables = []
        self.aliases = {}
        # Of what writes: the word, whether what comes next is written, and what stands for all that is.
        self.verb = around and around.verb
        self.is_target = around is not None and around.is_target
        self.targets = []
        # Where its SET stands.
        self.set_at = None

    def read(self):
        at, is_main = self.start, True
        while at < self.end:
            part = self.statement.parts[at]
            if definitions := list(self.statement.definitions(at)):
                self.define(definitions, self.statement.parts[at + 1].word == "RECURSIVE")
                at = definitions[-1].after
                continue
            if is_main and part.word in WRITES:
                at = self.begin(part.word, at + 1)
            else:
                self.take(at, part)
                at = self.after(at)
            is_main = False

    def begin(self, verb, at):
        """Read the beginning of what writes; returns where its first table may be, or the FROM before that."""
        self.verb = verb
        while self.statement.parts[at].word in MODIFIERS:
            at += 1
        self.selects = verb in {"DELETE", "UPDATE"}
        self.is_list = verb == "UPDATE"
        self.is_expected = verb != "DELETE"
        # MySQL's deletion from several tables names here those that it joins after FROM, or their aliases.
        while verb == "DELETE" and at < self.end and self.statement.parts[at].word != "FROM":
            if self.statement.parts[at].kind in {"name", "word"} and (self.is_bare(at) or self.is_whole(at)):
                self.targets.append(self.statement.parts[at])
            at = self.after(at)
        self.is_target = not self.targets
        return at

    def take(self, at, part):
        if at in self.statement.closing:
            self.descend(at, self.own, self if self.is_expected else None)
        elif self.is_table(at, part):
            self.add(at, part)
        elif self.is_target and part.word in ENDS_TARGETS:
            self.is_target = False
            self.set_at = at if part.word == "SET" else None
        elif self.is_target and part.word == "USING" and self.verb in {"DELETE", "MERGE"}:
            # Those of joins come after this one.
            self.is_target = False
            self.is_list = self.is_expected = True

    def define(self, definitions, is_recursive):
        """Have the names that are defined be known from here on."""
        names = [definition.name for definition in definitions]
        for number, definition in enumerate(definitions):
            known = names if is_recursive else names[:number]
            self.descend(definition.opened, self.own | set(known))
        self.own |= set(names)

    def descend(self, at, own, around=None):
        self.inner.append(Level(self.statement, at + 1, self.statement.closing[at], own, around))
        self.is_expected = False

    def add(self, at, part):
        """Take a part for the name of a table, or of what is deleted from."""
        if alias := self.statement.alias(at):
            self.aliases[alias] = part
        if self.is_target:
            self.targets.append(part)
            self.is_target = self.verb not in {"INSERT", "REPLACE"}
        if not self.is_target or self.verb != "DELETE":
            self.tables.append(part)

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
            return word in {"JOIN", "STRAIGHT_JOIN"}
        # That of IS DISTINCT FROM compares.
        before = self.statement.parts[at - 1].word == "DISTINCT" and self.statement.parts[at - 2].word
        return self.selects and before not in {"IS", "NOT"}

    def is_bare(self, at):
        """Whether a name stands alone: neither qualified, nor that of a function. (The columns of an INSERT follow its.)"""
        following = self.statement.parts[at + 1].value
        return following != "." and (
            following != "(" or (self.is_target and self.verb in {"INSERT", "REPLACE"})
        )

    def is_whole(self, at):
        """Whether a name is that of ``name.*``."""
        return [part.value for part in self.statement.parts[at + 1 : at + 3]] == [".", "*"]

    def after(self, at):
        """The next part of this level; of a qualified name, none is a name by itself."""
        at = self.statement.after(at)
        while at < self.end and self.statement.parts[at].value == ".":
            at += 2
        return at

    def all_tables(self):
        """The parts that are names of tables; what is deleted from may be named by an alias."""
        deleted = self.targets if self.verb == "DELETE" else []
        return [*self.tables, *(part for part in deleted if self.statement.name(part) not in self.aliases)]

    def written(self):
        """The parts that name the tables that it writes or may write."""
        if self.verb == "DELETE":
            return [self.aliases.get(self.statement.name(part), part) for part in self.targets]
        names = set(self.assigned()) if len(self.targets) > 1 and self.set_at else {None}
        aliases = {part.position: alias for alias, part in self.aliases.items()}
        return [
            part
            for part in self.targets
            if None in names or aliases.get(part.position, self.statement.name(part)) in names
        ]

    def assigned(self):
        """What the columns are qualified by that are set, None for one that is not."""
        at, parts = self.set_at + 1, self.statement.parts
        while at < self.end:
            qualifier = None
            while at + 1 < self.end and parts[at + 1].value == ".":
                qualifier = self.statement.name(parts[at])
                at += 2
            yield qualifier
            while at < self.end and parts[at].value != "," and parts[at].word not in ENDS_TABLES:
                at = self.statement.after(at)
            if parts[at].value != ",":
                return
            at += 1


def closing(parts):
    """Where the parentheses and brackets are closed that are opened at a part."""
    found, opened = {}, []
    for at, part in enumerate(parts):
        if part.value in OPENING:
            opened.append(at)
        elif opened and part.value == OPENING[parts[opened[-1]].value]:
            found[opened.pop()] = at
    return found
