"""Core rows that go without anybody seeing to the local rows that refer to them."""

import json
from contextlib import contextmanager
from io import StringIO

from django.core.management import CommandError, call_command
from django.db import connections

from causeway.orphans import relations
from tests.orm.newsroom import NewsroomTestCase

# By engine: statements between which no constraint is looked at.
UNCHECKED = {
    "mysql": ("SET foreign_key_checks = 0", "SET foreign_key_checks = 1"),
    "postgresql": ("SET session_replication_role = replica", "SET session_replication_role = origin"),
    "sqlite": ("PRAGMA defer_foreign_keys = 1", "PRAGMA defer_foreign_keys = 0"),
}


class OrphansTestCase(NewsroomTestCase):
    def _should_check_constraints(self, connection):
        # What is left at the end is broken on purpose.
        return False

    def run_command(self, *arguments, **options):
        """What the command writes, and the error with which it ends; None if it ends well."""
        self.stdout, self.stderr, error = StringIO(), StringIO(), None
        try:
            call_command("causeway", "orphans", *arguments, stdout=self.stdout, stderr=self.stderr, **options)
        except CommandError as caught:
            error = caught
        return self.stdout.getvalue(), error

    def found(self):
        """How many orphans each relation has, for those that have some."""
        written, _ = self.run_command("--format", "json")
        return {each["relation"]: each["count"] for each in json.loads(written)}

    def assert_found(self, **counts):
        """These orphans are found and no others; ``__`` stands for a dot."""
        self.assertEqual(self.found(), {label.replace("__", "."): count for label, count in counts.items()})


def relation(label):
    (found,) = (relation for relation in relations() if relation.label == label)
    return found


def lose(*rows):
    """Delete core rows, and nothing else."""
    for row in rows:
        connection = connections[type(row).objects.db]
        with unchecked(connection):
            type(row)._base_manager.filter(pk=row.pk)._raw_delete(connection.alias)


@contextmanager
def unchecked(connection):
    before, after = UNCHECKED[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(before)
        yield
        cursor.execute(after)
