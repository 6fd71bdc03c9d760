"""``manage.py causeway check``, and the same as a system check."""

import os
from contextlib import contextmanager

import pytest

from causeway.drift.widths import has_room_for

TRUE = "The core database 'core' is as the models say"
REMEDY = "Run migrate in the core project, or install the version of the app that it runs."
NO_TITLE = "The core table 'articles_article' has no column 'title'."
NEEDS_HEADLINE = (
    "The core table 'articles_article' has a column 'headline' that the model lacks, NOT NULL without a default: no "
    "row can be inserted."
)


@pytest.fixture
def child(migrated_projects):
    return migrated_projects[1]


@pytest.fixture
def drifted(migrated_projects):
    """The child, while the core project has renamed a column."""
    core, child = migrated_projects
    core.rows("ALTER TABLE articles_article RENAME COLUMN title TO headline")
    try:
        yield child
    finally:
        core.rows("ALTER TABLE articles_article RENAME COLUMN headline TO title")


def said_by(child, *arguments, status=0):
    done = child.manage("causeway", "check", *arguments, status=status)
    assert "Traceback" not in done.stderr
    return done.stderr if status else done.stdout


def test_one_line_where_all_is_true(child):
    # Article, Author and Content; Comment refers to one of them.
    assert said_by(child) == f"{TRUE} (4 models compared).\n"
    assert said_by(child, "--verbosity", "0") == ""


def test_a_line_for_each_difference_with_its_remedy_and_status_1(drifted):
    done = drifted.manage("causeway", "check", status=1)
    assert done.stdout.splitlines() == [
        f"articles.Article.title: {NO_TITLE} {REMEDY}",
        f"articles.Article: {NEEDS_HEADLINE} Install the version of the app that the core project runs, or give "
        "the column a default there.",
    ]
    assert done.stderr == "CommandError: The core tables are not as the models say: 2 differences.\n"


# Another type of the column ``title``, and whether code with a CharField of 200 characters or so bears it.
RETYPED = {
    "sqlite3": [],
    "mysql": [
        ("MODIFY title varchar({more}) NOT NULL", True),
        ("MODIFY title varchar({less}) NOT NULL", False),
    ],
    "postgresql": [
        ("ALTER COLUMN title TYPE varchar({more})", True),
        ("ALTER COLUMN title TYPE text", True),
        ("ALTER COLUMN title TYPE varchar({less})", False),
    ],
}


@pytest.mark.mysql
@pytest.mark.postgresql
def test_what_the_models_bear_ends_with_status_0_where_that_is_asked_for(migrated_projects):
    core, child = migrated_projects
    length = int(child.shell("print(Article._meta.get_field('title').max_length)"))
    back = RETYPED[child.databases.engine][0][0].format(more=length)
    for change, is_borne in RETYPED[child.databases.engine]:
        core.rows(f"ALTER TABLE articles_article {change.format(more=length + 50, less=length - 1)}")
        try:
            assert "1 difference" in said_by(child, status=1)
            said = child.manage("causeway", "check", "--bears", status=0 if is_borne else 1)
            assert "articles.Article.title: The column 'title' of the core table" in said.stdout
            assert ("The models bear that: 1 difference.\n" in said.stdout) == is_borne
        finally:
            core.rows(f"ALTER TABLE articles_article {back}")
    said_by(child, "--bears")


def test_a_missing_column_is_not_borne(drifted):
    assert "2 differences" in said_by(drifted, "--bears", status=1)


@pytest.mark.parametrize(
    ("live", "asked", "expected"),
    [
        ("bigint", "int", True),
        ("int", "bigint", False),
        ("bigint unsigned", "int unsigned", True),
        ("bigint", "int unsigned", False),
        ("tinyint(1)", "int", False),
        ("varchar(20)", "varchar(10)", True),
        ("varchar(10)", "varchar(20)", False),
        ("longtext", "varchar(255)", True),
        ("tinytext", "varchar(255)", False),
        ("character varying (20)", "character varying (10)", True),
        ("text", "character varying (10)", True),
        ("character varying (10)", "text", False),
        ("char(20)", "varchar(10)", False),
        ("decimal(12,2)", "decimal(10,2)", True),
        ("numeric(12,4)", "numeric(10,2)", True),
        ("numeric(12,4)", "numeric(12,2)", False),
        ("datetime(6)", "datetime", True),
        ("datetime", "datetime(6)", False),
        ("double precision", "real", True),
        ("longblob", "varbinary(10)", True),
        ("date", "datetime(6)", False),
        ("uuid", "char(32)", False),
        ("jsonb", "text", False),
    ],
)
def test_room_for_values(live, asked, expected):
    assert has_room_for(live, asked, texts_end="character" not in asked) == expected


def test_it_alters_nothing(migrated_projects):
    core, child = migrated_projects
    before = core.dump(), child.dump()
    said_by(child)
    assert (core.dump(), child.dump()) == before


def test_labels_choose_what_is_compared(drifted):
    assert said_by(drifted, "articles.Author") == f"{TRUE} (1 model compared).\n"
    assert said_by(drifted, "comments") == f"{TRUE} (2 models compared).\n"
    assert "2 differences" in said_by(drifted, "comments", "articles.article", status=1)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["nothing"], "Cannot compare 'nothing': No installed app with label 'nothing'."),
        (
            ["articles.Nothing"],
            "Cannot compare 'articles.Nothing': App 'articles' doesn't have a 'Nothing' model.",
        ),
        (["auth"], "Cannot compare 'auth': it names no core model, and none that refers to one."),
        (["--database", "default"], "Cannot compare the models with 'default', which is no core database. "),
    ],
)
def test_what_cannot_be_compared(child, arguments, sentence):
    assert f"CommandError: {sentence}" in said_by(child, *arguments, status=1)


def test_the_core_database_that_is_named_is_compared(child):
    assert said_by(child, "--database", "core").startswith(TRUE)


def test_a_project_without_core_databases(child):
    with child.changed_settings("CAUSEWAY = {}"):
        said = said_by(child, status=1)
    assert said.endswith("CommandError: There is nothing to compare with: CAUSEWAY names no core database.\n")


def test_a_core_database_is_missing(child):
    with child.changed_settings(child.databases.lines_for_core("nowhere")):
        said = said_by(child, status=1)
    assert said.startswith("CommandError: The core database 'core' (")
    assert "cannot be reached from 'default': " in said
    assert len(said.splitlines()) == 1


@pytest.mark.mysql
@pytest.mark.postgresql
def test_a_server_is_away(child):
    with child.changed_settings("for entry in DATABASES.values(): entry.update(HOST='127.0.0.1', PORT=1)"):
        said = said_by(child, status=1)
    assert said.startswith("CommandError: Cannot ask the core database 'core': ")
    assert len(said.splitlines()) == 1


def test_wrong_settings_are_told_first(child):
    with child.changed_settings("CAUSEWAY['core']['MODELS'] = ['articels']"):
        assert "causeway.E003" in said_by(child, status=1)


def test_a_core_database_that_cannot_be_linked_is_asked_by_itself(drifted, migrated_projects):
    """Nothing joins it with local tables then."""
    core = migrated_projects[0]
    with drifted.changed_settings(drifted.databases.lines_for_staged_core(core.database)):
        assert "2 differences" in said_by(drifted, status=1)
        assert said_by(drifted, "articles.Author") == f"{TRUE} (1 model compared).\n"


def test_options_of_django_may_stand_on_either_side_of_the_verb(child):
    assert child.manage("causeway", "--verbosity", "0", "check").stdout == ""
    assert child.manage("causeway", "check", "--settings", "settings", "--verbosity=0").stdout == ""


def test_a_verb_is_asked_for(child):
    assert "required: VERB" in child.manage("causeway", status=2).stderr
    assert "invalid choice: 'shake'" in child.manage("causeway", "shake", status=2).stderr
    assert "Compares the models with the live core tables" in child.manage("causeway", "--help").stdout


def test_it_can_be_called_from_code(child):
    assert (
        child.shell("""
        from django.core.management import call_command
        call_command("causeway", "check", "articles.Author", database="core")
    """)
        == f"{TRUE} (1 model compared)."
    )


def test_an_unmanaged_model_is_compared(child):
    child.write_app(
        "legacy",
        """
        from django.db import models


        class Writer(models.Model):
            causeway_home = "core"
            name = models.CharField(max_length=70)

            class Meta:
                managed = False
                db_table = "articles_author"
        """,
    )
    with child.changed_settings("INSTALLED_APPS.append('legacy')\nSILENCED_SYSTEM_CHECKS = ['models.E028']"):
        done = child.manage("causeway", "check", status=1)
    assert done.stdout.startswith(
        "legacy.Writer.name: The column 'name' of the core table 'articles_author' is "
    )
    assert "varchar(70)" in done.stdout
    assert len(done.stdout.splitlines()) == 1


# As a system check ------------------------------------------------------------------------------


def test_the_system_check_warns_of_each_difference(drifted):
    done = drifted.manage("check", "--database", "default")
    lines = done.stderr.splitlines()
    assert f"articles.Article.title: (causeway.W004) {NO_TITLE}" in lines
    assert f"\tHINT: {REMEDY}" in lines
    assert f"articles.Article: (causeway.W004) {NEEDS_HEADLINE}" in lines
    assert done.stderr.count("causeway.W004") == 2


def test_a_check_that_asks_no_database_compares_nothing(drifted):
    assert "no issues" in drifted.manage("check").stdout


def test_migrate_warns_before_it_begins(drifted):
    assert "causeway.W004" in drifted.manage("migrate").stderr


def test_tables_that_are_missing_are_named_together_once(child):
    child.databases.create("empty")
    try:
        with child.changed_settings(child.databases.lines_for_core("empty")):
            said = child.manage("check", "--database", "default").stderr
            lines = child.manage("causeway", "check", status=1).stdout.splitlines()
    finally:
        child.databases.drop("empty")
    assert "lacks 2 of the core tables: 'articles_article', 'articles_author'." in said
    # The third has a local table too.
    assert "comments.Content: (causeway.W004) The core database 'core' has no table 'content'." in said
    assert said.count("causeway.W004") == 1
    assert [line.partition(":")[0] for line in lines] == [
        "articles.Author",
        "articles.Article",
        "comments.Content",
    ]


# Nothing but what is different -------------------------------------------------------------------

CONTRIB = ["admin", "auth", "contenttypes", "flatpages", "redirects", "sessions", "sites"]


def test_the_tables_of_djangos_own_apps_are_as_their_models_say(core_project, child_project):
    installed = """
        MORE = ["admin", "flatpages", "messages", "redirects", "sessions", "sites"]
        INSTALLED_APPS += [f"django.contrib.{name}" for name in MORE]
        # Of the admin, the tables alone are wanted.
        SILENCED_SYSTEM_CHECKS = ["admin.E403", "admin.E408", "admin.E409", "admin.E410"]
    """
    core_project.add_settings(installed)
    core_project.migrate()
    child_project.add_settings(f"{installed}\n        CAUSEWAY['core']['MODELS'] += {CONTRIB}\n")
    # 13 of Django's, with their tables for relations, and four of the project's.
    assert said_by(child_project) == f"{TRUE} (17 models compared).\n"


# With the rights of a child ----------------------------------------------------------------------

RIGHTS = {
    "mysql": [
        "CREATE USER {user} IDENTIFIED BY 'secret'",
        "GRANT ALL ON {child}.* TO {user}",
        "GRANT {rights} ON {core}.* TO {user}",
    ],
    "postgresql": [
        "CREATE ROLE {user} LOGIN PASSWORD 'secret'",
        "GRANT USAGE, CREATE ON SCHEMA {child} TO {user}",
        "GRANT ALL ON ALL TABLES IN SCHEMA {child} TO {user}",
        "GRANT USAGE ON SCHEMA {core} TO {user}",
        "GRANT {rights} ON ALL TABLES IN SCHEMA {core} TO {user}",
    ],
}


@contextmanager
def user_of(core, child, rights):
    """The name of a user of the server with these rights on core."""
    engine = child.databases.engine
    # Users belong to the whole server, which the session's workers share.
    name = f"causeway_drift_{os.getpid()}"
    user = f"'{name}'@'%'" if engine == "mysql" else name
    names = {
        project.name: child.databases.name(project.database) if engine == "mysql" else project.database
        for project in (core, child)
    }
    try:
        for statement in RIGHTS[engine]:
            core.rows(statement.format(user=user, rights=rights, **names))
        yield name
    finally:
        if engine == "postgresql":
            core.rows(f"DROP OWNED BY {user}")
        core.rows(f"DROP {'USER' if engine == 'mysql' else 'ROLE'} {user}")


@pytest.mark.mysql
@pytest.mark.postgresql
@pytest.mark.parametrize("rights", ["SELECT, INSERT, UPDATE, DELETE, REFERENCES", "SELECT"])
def test_the_rights_of_a_child_are_enough(migrated_projects, drifted, rights):
    read_only = rights == "SELECT"
    with user_of(*migrated_projects, rights) as user:
        settings = f"for entry in DATABASES.values(): entry.update(USER={user!r}, PASSWORD='secret')\n"
        with drifted.changed_settings(f"{settings}CAUSEWAY['core']['READ_ONLY'] = {read_only}"):
            done = drifted.manage("causeway", "check", status=1)
            assert said_by(drifted, "articles.Author") == f"{TRUE} (1 model compared).\n"
    assert f"articles.Article.title: {NO_TITLE} {REMEDY}" in done.stdout
    assert len(done.stdout.splitlines()) == (1 if read_only else 2)
