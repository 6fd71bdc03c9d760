"""A user without rights on a core database, on a server that has users."""

import os

import pytest

pytestmark = pytest.mark.mysql


class User:
    """A user of the server with all rights on the child's database; on core those that it is given."""

    def __init__(self, core, child):
        self.core, self.child = core, child
        self.server = child.databases
        # Users belong to the whole server, which the session's workers share.
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        self.name = child.databases.name(f"user_{worker}")[-32:]
        # Without the second, an anonymous local user would come first.
        self.accounts = [f"'{self.name}'@'%'", f"'{self.name}'@'localhost'"]
        for account in self.accounts:
            self.server.on_server(f"CREATE USER {account} IDENTIFIED BY 'secret'")
        self.on(child, "ALL")

    def on(self, project, rights, table="*"):
        database = self.server.name(project.database)
        for account in self.accounts:
            self.server.on_server(f"GRANT {rights} ON `{database}`.{table} TO {account}")

    def drop(self):
        for account in self.accounts:
            self.server.on_server(f"DROP USER {account}")

    def check(self, settings="", status=1, databases=("default",)):
        text = f"for entry in DATABASES.values(): entry.update(USER={self.name!r}, PASSWORD='secret')\n{settings}"
        with self.child.changed_settings(text):
            named = [word for alias in databases for word in ("--database", alias)]
            done = self.child.manage("check", *named, status=status)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def manage(self, *arguments, status=0, settings=""):
        text = f"for entry in DATABASES.values(): entry.update(USER={self.name!r}, PASSWORD='secret')\n{settings}"
        with self.child.changed_settings(text):
            return self.child.manage(*arguments, status=status)


@pytest.fixture
def user(migrated_projects):
    user = User(*migrated_projects)
    yield user
    user.drop()


READ_ONLY = "CAUSEWAY['core']['READ_ONLY'] = True"


def test_no_right_on_core(user):
    said = user.check()
    assert "(causeway.E020) The core database 'core'" in said
    assert "there is no such database, or the user has no right on it" in said


def test_the_right_to_read_alone(user):
    user.on(user.core, "SELECT")
    said = user.check()
    assert "(causeway.E021) 'default' has not the rights it needs on the core database 'core'" in said
    assert "INSERT command denied" in said


def test_the_right_to_read_is_enough_for_a_read_only_core(user):
    user.on(user.core, "SELECT, REFERENCES")
    assert "no issues" in user.check(READ_ONLY, status=0)


@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE"])
def test_one_right_is_missing(user, right):
    rights = {"SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES"} - {right}
    user.on(user.core, ", ".join(sorted(rights)))
    said = user.check()
    assert "causeway.E021" in said
    assert f"{right} command denied" in said


def test_all_rights_are_there(user):
    user.on(user.core, "SELECT, INSERT, UPDATE, DELETE, REFERENCES")
    assert "no issues" in user.check(status=0)


def test_rights_on_one_table_are_not_enough(user):
    user.on(user.core, "SELECT, INSERT, UPDATE, DELETE, REFERENCES", "articles_article")
    said = user.check()
    assert "causeway.E021" in said
    assert "articles_author" in said


@pytest.mark.parametrize("settings", ["", READ_ONLY], ids=["writable", "read only"])
def test_the_statement_of_the_hint_grants_what_is_missing(user, settings):
    user.on(user.core, "SELECT" if not settings else "INSERT")
    hint = next(line for line in user.check(settings).splitlines() if "HINT: GRANT" in line)
    statement = hint.partition("HINT: ")[2]
    for account in user.accounts:
        name, host = account.split("@")
        user.server.on_server(statement.replace(f"TO {name};", f"TO {name}@{host}"))
    assert "no issues" in user.check(settings, status=0)
    # And it is all that a migration with foreign keys to core needs.
    user.child.manage("migrate", "comments", "zero")
    user.manage("migrate", "comments", settings=settings)
