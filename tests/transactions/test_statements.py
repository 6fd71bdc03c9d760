"""What a statement does to a transaction, told by its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.backends.base.statements import (
    CONTROL,
    LOCK,
    READ,
    UNSURE,
    WRITE,
    kind_of,
    of_query,
    of_temporary,
)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT name FROM t WHERE note = 'INTO the lock'", LOCK),
        ('SELECT "INTO", `update` FROM t', LOCK),
        ("SELECT t.update, s.into FROM t WHERE a = %(delete)s AND b = %s", LOCK),
        ("SELECT 1 FROM t FOR UPDATE", LOCK),
        ("SELECT 1 FROM t FOR NO KEY UPDATE OF t", LOCK),
        ("SELECT 1 FROM t LOCK IN SHARE MODE", LOCK),
        ("(SELECT COUNT(*), max(a) FROM t WHERE b IN (1, 2));", LOCK),
        ("/* it's */ -- it's\nSELECT 1", LOCK),
        ("COPY (SELECT a FROM b) TO STDOUT", LOCK),
        ("COPY t TO STDOUT", LOCK),
        # A function may write, and so may what is quoted as one engine alone does.
        ("SELECT pg_advisory_xact_lock(1)", UNSURE),
        ("SELECT nextval('s')", UNSURE),
        ("SELECT s.update(1)", UNSURE),
        (r"SELECT 'it\'s', 'UPDATE t'", UNSURE),
        ("SELECT $$ ' $$, (SELECT 1), $$ ' $$", UNSURE),
        ("SELECT 1 # '\n; UPDATE t SET a = '1'", UNSURE),
        ("SELECT 1 --'\n; UPDATE t SET a = '1'", UNSURE),
        ("SELECT /* /* ' */ */ 1", UNSURE),
        ("SELECT [it's] FROM t", UNSURE),
        ("SELECT 'open", UNSURE),
        ("SELECT * INTO copy FROM t", WRITE),
        ("WITH found AS (SELECT 1) SELECT * INTO copy FROM found", WRITE),
        ("WITH gone AS (DELETE FROM t RETURNING 1) SELECT * FROM gone", WRITE),
        ("WITH a AS (SELECT 1) /* it's */, b AS (UPDATE t SET a = 'x' RETURNING 1) SELECT 1", WRITE),
        ("SET LOCAL x = 1; UPDATE t SET a = 1", WRITE),
        ("SELECT 1; UPDATE t SET a = 1", WRITE),
        ("ROLLBACK; UPDATE t SET a = 1", WRITE),
        ("/*!50000 UPDATE t SET a = 1 */", WRITE),
        ("EXPLAIN ANALYZE DELETE FROM t", WRITE),
        ("COPY t FROM STDIN", WRITE),
        ("UPDATE t SET a = 1", WRITE),
        (" -- first\n update t SET a = 1", WRITE),
        ("DO $$ BEGIN END $$", WRITE),
        (f"SELECT {'a, ' * 5_000} b; INSERT INTO t SELECT {'a, ' * 5_000} b FROM u", WRITE),
        (b"SELECT 1", WRITE),
        ("SAVEPOINT s", CONTROL),
        ("", CONTROL),
    ],
)
def test_the_kind_of_raw_sql(sql, kind):
    assert kind_of(sql) == kind


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT block FROM t", READ),
        ("SELECT a FROM t WHERE note = ' for update'", READ),
        ("SELECT my_function(1)", READ),
        ("SELECT a FROM t WHERE id IN (SELECT id FROM u FOR UPDATE OF u)", LOCK),
        ("SELECT pg_advisory_xact_lock(1)", LOCK),
        ("SELECT GET_LOCK('a', 1)", LOCK),
    ],
)
def test_the_kind_of_what_compilers_made(sql, kind):
    assert kind_of(of_query(sql)) == kind


def test_the_kind_of_what_a_temporary_table_needs():
    assert kind_of(of_temporary("CREATE TEMPORARY TABLE a (b int)")) == LOCK


PIECES = [
    "SELECT ",
    "UPDATE ",
    "'",
    '"',
    "`",
    "\\",
    "/*",
    "*/",
    "--",
    "\n",
    "#",
    "$$",
    "(",
    ";",
    " ",
    "a",
    "1",
    "[",
    "%s",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_text_has_a_kind(pieces):
    assert kind_of("".join(pieces)) in {LOCK, UNSURE, WRITE, CONTROL}


@pytest.mark.parametrize(
    "piece", ["/* */ ", "/*", "/* ' ", "'", "--", "(", " ", "a ", "$a$", "%(", "a.", "[", '"a']
)
def test_a_long_text_is_read_once(piece):
    """Ten times as much is looked at in ten times as many steps: a pattern that tries again would not end."""
    kind_of("SELECT 1" + piece * 20_000)
    kind_of(piece * 20_000 + "SELECT 1")
