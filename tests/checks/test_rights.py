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

    def paste(self, said):
        """Run the statements of a hint as they are."""
        (hint,) = [line for line in said.splitlines() if "HINT: GRANT" in line]
        statements = hint.partition("HINT: ")[2].split(";")[:-1]
        for statement in statements:
            self.server.on_server(statement)
        return statements

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
    user.paste(user.check(settings))
    assert "no issues" in user.check(settings, status=0)
    # And it is all that a migration with foreign keys to core needs.
    user.child.manage("migrate", "comments", "zero")
    user.manage("migrate", "comments", settings=settings)


def test_the_hint_grants_what_is_core_s_alone(user):
    user.on(user.core, "SELECT", "articles_author")
    statements = user.paste(user.check())
    core = user.server.name(user.core.database)
    assert {statement.partition(" ON ")[2].partition(" TO ")[0] for statement in statements} == {
        f"`{core}`.`articles_article`",
        f"`{core}`.`articles_author`",
    }
    # The constraint of a comment refers to articles alone.
    assert [statement for statement in statements if "REFERENCES" in statement] == [statements[0]]


def test_tables_that_are_hidden_are_not_said_to_be_missing(user):
    user.on(user.core, "SELECT, INSERT, UPDATE, DELETE, REFERENCES", "articles_article")
    assert "causeway.W003" not in user.check()
    said = user.manage("causeway", "check", status=1)
    assert "SELECT command denied" in said.stderr
    assert "articles_author" in said.stderr
    assert "GRANT SELECT" in said.stderr
    assert "migrate" not in said.stdout + said.stderr


def test_a_wrong_password(user):
    wrong = "DATABASES['core']['PASSWORD'] = DATABASES['default']['PASSWORD'] = 'wrong'"
    done = user.manage("check", "--database", "core", "--database", "default", status=1, settings=wrong)
    assert "Access denied" in done.stderr


class TestStaged:
    """A staged core is asked over its own connection."""

    @pytest.fixture
    def user(self, user):
        lines = user.child.databases.lines_for_staged_core(user.core.database)
        with user.child.changed_settings(lines):
            yield user

    @pytest.mark.parametrize("settings", ["", READ_ONLY], ids=["writable", "read only"])
    def test_the_statements_of_the_hint_grant_what_is_missing(self, user, settings):
        user.on(user.core, "INSERT" if settings else "SELECT")
        said = user.check(settings)
        assert "(causeway.E021) 'core' has not the rights it needs on the core database 'core'" in said
        user.paste(said)
        assert "E021" not in user.check(settings, status=0)

    def test_temporary_tables(self, user):
        user.on(user.core, "ALL")
        child = user.server.name(user.child.database)
        for account in user.accounts:
            user.server.on_server(f"REVOKE CREATE TEMPORARY TABLES ON `{child}`.* FROM {account}")
        said = user.check(status=0)
        assert "(causeway.W016) The user of 'default' may not make temporary tables" in said
        grant = next(line for line in said.splitlines() if "CREATE TEMPORARY TABLES" in line).partition(
            "HINT: "
        )[2]
        user.server.on_server(grant.rstrip(";"))
        assert "W016" not in user.check(status=0)

    def test_a_wrong_password(self, user):
        user.on(user.core, "ALL")
        said = user.check("DATABASES['core']['PASSWORD'] = 'wrong'")
        assert "(causeway.E020) The core database 'core'" in said
        hint = next(line for line in said.splitlines() if "HINT: Check NAME" in line)
        assert "PASSWORD of DATABASES['core']" in hint
