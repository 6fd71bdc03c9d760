"""Making the log and its triggers, and keeping them in step with the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from django.db import DatabaseError, connections, transaction

from causeway.feed.conf import feed
from causeway.feed.keys import Watched, claimed_models, watched_tables
from causeway.feed.triggers import Triggers, triggers_of


def own_tables() -> list[Watched]:
    """The tables that this project, as the core project, logs."""
    return watched_tables(claimed_models(feed().claims))


def there(connection: Any, tables: Sequence[Watched]) -> list[Watched]:
    """Those of the tables that the database has, with their key: a migration may be on its way to the model."""
    found = []
    with connection.cursor() as cursor:
        names = set(connection.introspection.table_names(cursor))
        for table in tables:
            if table.name in names:
                description = connection.introspection.get_table_description(cursor, table.name)
                if {column.name for column in table.key} <= {column.name for column in description}:
                    found.append(table)
    return found


def pending(connection: Any, tables: Sequence[Watched]) -> tuple[Triggers, Iterator[str]]:
    """The statements that bring a database in step."""
    triggers = triggers_of(connection)
    return triggers, iter(triggers.statements(there(connection, tables), triggers.found()))


def install(using: str, tables: Sequence[Watched]) -> list[str]:
    """Bring the log and the triggers of a database in step; the names of tables whose triggers were made.

    Raises DatabaseError where they may not be made.
    """
    connection: Any = connections[using]
    triggers = triggers_of(connection)
    before = triggers.found()
    # Where DDL would end the transaction, what was made stays, and what is missing is made the next time.
    block = transaction.atomic(using=using) if connection.features.can_rollback_ddl else nullcontext()
    with block, connection.cursor() as cursor:
        for statement in list(pending(connection, tables)[1]):
            cursor.execute(statement)
    after = triggers.found()
    return sorted(name for name in after if after[name] != before.get(name))


def install_after_migrate(using: str, verbosity: int = 1, stdout: Any = None, **kwargs: Any) -> None:
    """After each migration of the core project: SQLite drops triggers with any table that it makes anew."""
    tables = own_tables()
    if not tables or kwargs.get("plan") is None:
        return
    try:
        made = install(using, tables)
    except DatabaseError as error:
        raise DatabaseError(
            f"Cannot log the changes of {', '.join(table.name for table in tables)} on {using!r}: "
            f"{' '.join(str(error).split())}. Give the role that migrates the right to make triggers, or take the models "
            f"out of CAUSEWAY['feed']['MODELS']."
        ) from error
    if made and verbosity >= 1 and stdout is not None:
        stdout.write(f"  Logging changes of {', '.join(made)}.\n")


def remove(connection: Any, names: Sequence[str]) -> None:
    """Remove the triggers of some tables. Children copy these tables anew once they have others."""
    triggers = triggers_of(connection)
    found = triggers.found()
    with connection.cursor() as cursor:
        for name in names:
            for statement in triggers.drop_statements(name, found.get(name, ())):
                cursor.execute(statement)
