"""What a statement does to a transaction, told by its words."""

import pytest

from causeway.backends.base.statements import CONTROL, LOCK, READ, WRITE, kind_of


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT name FROM t WHERE note = 'INTO the lock'", READ),
        ('SELECT "INTO" FROM t', READ),
        ("SELECT 1 FROM t FOR UPDATE", LOCK),
        ("SELECT pg_advisory_xact_lock(1)", LOCK),
        ("select pg_try_advisory_lock(1)", LOCK),
        ("SELECT GET_LOCK('name', 1)", LOCK),
        ("SELECT * INTO copy FROM t", WRITE),
        ("WITH found AS (SELECT 1) SELECT * INTO copy FROM found", WRITE),
        ("WITH gone AS (DELETE FROM t RETURNING 1) SELECT * FROM gone", WRITE),
        ("UPDATE t SET a = 1", WRITE),
        ("SAVEPOINT s", CONTROL),
    ],
)
def test_the_kind_of_a_statement(sql, kind):
    assert kind_of(sql) == kind
