"""How raw statements are read: which names are those of core tables, and which of these are written."""

import re
import sys

import pytest

from causeway.backends.base.lexer import Rules, tokens
from causeway.backends.base.raw import Statement

SQLITE = Rules()
MYSQL = Rules(has_backslashes=True, has_double_quoted_strings=True, has_hash_comments=True)
POSTGRESQL = Rules(has_nested_comments=True, has_dollar_quotes=True)
RULES = {"sqlite": SQLITE, "mysql": MYSQL, "postgresql": POSTGRESQL}

CORE = {"t", "u", "v"}


def read(sql, rules):
    """The statement without the marks that stand before the core tables that it names, and as it is read."""
    plain = sql.replace("@", "")
    statement = Statement(plain, rules, str.lower if rules is POSTGRESQL else str)
    return statement.with_names(lambda name: f"@{name}" if name in CORE else None), statement


# Of each statement, the tables that are core's have a mark, and those that it writes stand before it.
EVERYWHERE = [
    ("t", "INSERT INTO @t VALUES (1, 't'), (2, 't')"),
    ("t", "INSERT INTO @t (t, u) VALUES (%s, %s)"),
    ("t", "insert into @t(a) select u.a from @u where u.a not in (select t.a from @t)"),
    ("own", "INSERT INTO own (a) SELECT t.a FROM @t, @u AS v JOIN x ON x.a = v.a, @v WHERE u.a > 1"),
    ("t", "INSERT INTO @t (a) WITH u AS (SELECT a FROM @v) SELECT a FROM u"),
    (
        "t",
        "UPDATE @t SET a = 1, u = 2, b = t.b + (SELECT max(a) FROM @u) WHERE t.a IN (SELECT b FROM own, @v)",
    ),
    ("t", "UPDATE @t SET a = replace(b, 'u', 'v'), t = insert(u, 1, 1, 'FROM t')"),
    ("own", "UPDATE own SET t = 1 WHERE EXISTS (SELECT 1 FROM @t WHERE t.id = own.t)"),
    ("t", "WITH u AS (SELECT a FROM @v) UPDATE @t SET a = (SELECT a FROM u)"),
    ("t", "DELETE FROM @t"),
    ("t", "DELETE FROM @t WHERE a = %(t)s AND b IN (SELECT t.b FROM @u t, @v)"),
    ("own", "DELETE FROM own WHERE t IN (SELECT id FROM @t)"),
    (
        "t",
        "-- UPDATE t\nUPDATE /* FROM u */ @t -- , u\nSET a = 'UPDATE t' /* JOIN v */ WHERE b = 'FROM ''u'' t, u'",
    ),
    ("t", "UPDATE other.t SET a = 1"),
    ("", "SELECT a FROM @t FOR UPDATE"),
    ("", "SELECT t.a, u FROM @t WHERE a = 'x' UNION SELECT a, b FROM (@u JOIN @v ON u.a = v.a)"),
    ("t", "EXPLAIN UPDATE @t SET a = 1"),
]
ON_MYSQL = [
    (
        "t",
        "INSERT IGNORE INTO `@t` SET a = \"FROM u\", b = 'it\\'s FROM v' ON DUPLICATE KEY UPDATE b = 1, u = 2",
    ),
    ("t", "REPLACE @t (a) VALUES (1)"),
    ("t", "UPDATE LOW_PRIORITY IGNORE @t SET a = 1 ORDER BY b, u LIMIT 1"),
    ("t", "UPDATE @t JOIN @u USING (id) SET t.a = u.a, t.b = 1"),
    ("u", "UPDATE @t AS x, @u SET u.a = x.a WHERE x.id = u.id"),
    ("t", "UPDATE @t AS x, @u SET x.a = u.a"),
    ("t u", "UPDATE @t, @u SET t.a = 1, b = 2 WHERE t.id = u.id"),
    ("own", "UPDATE own JOIN @t ON own.t = t.id SET own.a = t.a"),
    ("t u", "UPDATE (@t, @u) SET t.a = 1"),
    ("t", "DELETE QUICK FROM @t WHERE a = 1 ORDER BY b, u LIMIT 3"),
    ("t", "DELETE x FROM @t x JOIN @u ON x.id = u.id WHERE u.a = 'v'"),
    ("t own", "DELETE @t, own FROM @t JOIN own ON own.t = t.id LEFT JOIN @u ON u.id = t.id"),
    ("own", "DELETE own FROM own, @t WHERE own.t = t.id"),
    ("t", "DELETE @t.* FROM @t JOIN @u USING (id)"),
    ("t own", "DELETE FROM @t, own USING @t JOIN own ON own.t = t.id JOIN @u USING (id)"),
    ("t", "DELETE FROM x USING @t x JOIN @u USING (id)"),
    ("t", "UPDATE @t SET a = 1 # FROM u, t\nWHERE b --1 = 2"),
    ("own", "INSERT INTO own SELECT a FROM @t STRAIGHT_JOIN @u PARTITION (p) ON t.id = u.id"),
]
ON_POSTGRESQL = [
    (
        "t",
        'INSERT INTO "@t" AS u (a) VALUES (1) ON CONFLICT (u) DO UPDATE SET a = u.a, b = excluded.b RETURNING a, u, v',
    ),
    ("t", "INSERT INTO @t DEFAULT VALUES RETURNING id, u"),
    (
        "t",
        "UPDATE ONLY @T AS x SET a = y.a, b = extract(day FROM u) FROM @u y, @v WHERE x.id = y.id RETURNING x.*, v",
    ),
    ("t", "UPDATE @t * SET (a, b) = (SELECT u.a, b FROM @u) WHERE a IS DISTINCT FROM u"),
    ("t", "DELETE FROM @t USING @u JOIN own USING (t), @v AS w WHERE t.id = u.id RETURNING t"),
    ("t", "DELETE FROM ONLY (@t) WHERE a = 1"),
    (
        "t",
        "MERGE INTO @t AS x USING @u ON x.id = u.id WHEN MATCHED AND x.a THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET a = 1, v = 2 WHEN NOT MATCHED THEN INSERT (id, v) VALUES (u.id, 1)",
    ),
    ("t own", "WITH t AS (UPDATE @t SET a = 1 RETURNING id, u) INSERT INTO own SELECT id FROM t, @u"),
    ("t", "WITH gone AS (DELETE FROM @t RETURNING id) SELECT id FROM gone, @u"),
    (
        "t",
        "UPDATE @t SET a = $$ FROM u, $x$ $$, b = $x$ FROM 'v $$ $x$, c = 'C:\\', u = ', t', d = E'it\\'s, FROM u'",
    ),
    ("t", "UPDATE /* /* FROM u */ FROM v */ @t SET a = 1"),
    ("t", "UPDATE @t SET \"FROM u\" = 1, a = b #> '{v}' FROM @u"),
    ("T", 'UPDATE "T" SET a = 1'),
]
ON_SQLITE = [
    ("t", "INSERT OR REPLACE INTO @t VALUES (1)"),
    ("t", "UPDATE OR IGNORE @t SET a = u.a FROM @u WHERE u.id = t.id"),
]


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize(("written", "sql"), EVERYWHERE)
def test_what_every_engine_knows(rules, written, sql):
    check(rules, written, sql)


@pytest.mark.parametrize(("written", "sql"), ON_MYSQL)
def test_what_mysql_knows(written, sql):
    check(MYSQL, written, sql)


@pytest.mark.parametrize(("written", "sql"), ON_POSTGRESQL)
def test_what_postgresql_knows(written, sql):
    check(POSTGRESQL, written, sql)


@pytest.mark.parametrize(("written", "sql"), ON_SQLITE)
def test_what_sqlite_knows(written, sql):
    check(SQLITE, written, sql)


def check(rules, written, sql):
    # A quoted name is replaced with its quotes.
    expected = re.sub(r"([`\"])@(\w)\1", r"@\2", sql).replace("@T", "@t")
    found, statement = read(sql, rules)
    assert found == expected
    qualified = {"t"} if "other.t" in sql else set()
    assert statement.written() == set(written.split()) - qualified


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE x AS SELECT a FROM t",
        "TRUNCATE t",
        "UPDATE t SET a = 1; DELETE FROM u",
        "SET @a = 't'",
        "",
        "UPDATE",
        "DELETE t",
        "UPDATE t, u SET a.",
        "(((",
        "INSERT INTO t (a",
    ],
)
def test_what_is_not_one_statement_that_reads_or_writes_rows_is_left_as_it_is(sql):
    for rules in RULES.values():
        statement = Statement(sql, rules)
        if not statement.levels:
            assert statement.with_names(lambda name: f"@{name}") == sql
        statement.written()


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_the_tokens_are_the_text(rules):
    for _, sql in [*EVERYWHERE, *ON_MYSQL, *ON_POSTGRESQL, *ON_SQLITE]:
        assert "".join(token.text for token in tokens(sql, rules)) == sql
    for sql in ("'", '"', "`", "/*", "$$", "$a$ $b$", "'\\'", "/* /* */", "E'\\", "--", "#", "%(", "\0"):
        assert "".join(token.text for token in tokens(sql, rules)) == sql


@pytest.mark.parametrize(
    "begin, repeated, end",
    [
        ("UPDATE t SET a = ", "(", ""),
        ("UPDATE t SET a = '", "\\'", ""),
        ("UPDATE t SET a = '", "''", ""),
        ("UPDATE t SET a = 1 ", "/* ", ""),
        ("UPDATE t SET a = ", "$", ""),
        ("DELETE FROM t WHERE id IN (", "%s, ", "%s)"),
        ("UPDATE t SET ", "a = 1, ", "b = 2"),
        ("", "/**/ ", "UPDATE t SET a = 1"),
        ("EXPLAIN ", "( ", ""),
        ("WITH ", "x AS (SELECT 1), ", "y AS (SELECT 1) DELETE FROM t"),
        ("INSERT INTO t SELECT a FROM ", "u, ", "v"),
    ],
)
def test_a_statement_ten_times_as_long_is_ten_times_the_work(begin, repeated, end):
    def calls(times):
        """How many functions are called."""
        sql, count = begin + repeated * times + end, 0

        def add(frame, event, argument):
            nonlocal count
            count += event in {"call", "c_call"}

        sys.setprofile(add)
        try:
            for rules in RULES.values():
                statement = Statement(sql, rules)
                statement.with_names(str.upper)
                statement.written()
        finally:
            sys.setprofile(None)
        return count

    assert calls(2_000) < 11 * calls(200)
