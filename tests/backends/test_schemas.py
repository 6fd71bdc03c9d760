"""PostgreSQL: projects in schemas of one database, each with a role and a search path of its own."""

import os

import pytest

pytestmark = pytest.mark.postgresql

RIGHTS = "SELECT, INSERT, UPDATE, DELETE, REFERENCES"


class Role:
    """A role without any privilege of the server's; its search path is a project's schema."""

    def __init__(self, project):
        self.project = project
        worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
        self.name = f"{project.databases.database}_{worker}_{project.name}"
        self.schema = project.database
        project.rows(f"CREATE ROLE {self.name} LOGIN CREATEDB")
        project.rows(f"ALTER ROLE {self.name} SET search_path = {self.schema}")
        project.rows(f"ALTER SCHEMA {self.schema} OWNER TO {self.name}")
        project.add_settings(f"""
            for entry in DATABASES.values():
                entry.update(USER={self.name!r}, OPTIONS={{}})
        """)

    def grant(self, core, rights=RIGHTS):
        core.rows(f"GRANT USAGE ON SCHEMA {core.database} TO {self.name}")
        core.rows(f"GRANT {rights} ON ALL TABLES IN SCHEMA {core.database} TO {self.name}")
        core.rows(f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {core.database} TO {self.name}")

    def drop(self):
        self.project.rows(f"DROP OWNED BY {self.name} CASCADE")
        self.project.rows(f"DROP ROLE {self.name}")


@pytest.fixture(scope="module")
def roles(module_projects):
    core, child = module_projects
    roles = [Role(project) for project in module_projects]
    core.migrate()
    child.manage("makemigrations", "comments")
    yield core, child, roles[1]
    for project, role in reversed(list(zip(module_projects, roles, strict=True))):
        project.rows(f"REASSIGN OWNED BY {role.name} TO CURRENT_USER")
        role.drop()


@pytest.fixture
def projects(roles):
    """Both, migrated, the child with all the rights that it needs."""
    core, child, role = roles
    role.grant(core)
    child.manage("migrate")
    return core, child


def ungranted(core, role):
    core.rows(f"REVOKE ALL ON ALL TABLES IN SCHEMA {core.database} FROM {role.name}")
    core.rows(f"REVOKE ALL ON SCHEMA {core.database} FROM {role.name}")


def checked(child, status=1, settings=""):
    with child.changed_settings(settings):
        done = child.manage("check", "--database", "default", status=status)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


# Rights -----------------------------------------------------------------------------------------


def test_a_role_without_rights_is_told_what_to_grant(roles):
    core, child, role = roles
    ungranted(core, role)
    said = checked(child)
    assert (
        f"(causeway.E021) 'default' has not the rights it needs on the core database 'core': USAGE on '{core.database}'"
        in said
    )
    (hint,) = [line.partition("HINT: ")[2] for line in said.splitlines() if "HINT: GRANT" in line]
    for statement in hint.split(";"):
        if statement.strip():
            core.rows(statement)
    assert "no issues" in checked(child, status=0)
    # Nothing else of the core project's.
    assert core.rows(
        f"SELECT has_table_privilege('{role.name}', '{core.database}.django_migrations', 'SELECT')"
    ) == [(False,)]
    # And it is all that a migration with foreign keys to core needs.
    child.manage("migrate")


@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES"])
def test_one_right_is_missing(roles, right):
    core, child, role = roles
    ungranted(core, role)
    role.grant(core, ", ".join(sorted({"SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES"} - {right})))
    assert f"{right} of articles_article" in checked(child)


def test_the_right_to_read_is_enough_for_a_read_only_core(roles):
    core, child, role = roles
    ungranted(core, role)
    role.grant(core, "SELECT, REFERENCES")
    assert "no issues" in checked(child, status=0, settings="CAUSEWAY['core']['READ_ONLY'] = True")


# Search paths -----------------------------------------------------------------------------------


def test_a_search_path_that_holds_the_core_schema_is_an_error(projects):
    core, child = projects
    path = f"-c search_path={child.database},{core.database}"
    said = checked(child, settings=f"DATABASES['default']['OPTIONS'] = {{'options': {path!r}}}")
    assert f"(causeway.E015) The search path of 'default' holds the schema {core.database!r}" in said


def test_two_databases_are_not_linked_and_the_hint_says_what_is_for_them(projects):
    _, child = projects
    with child.changed_settings("DATABASES['core']['NAME'] = 'elsewhere'"):
        said = child.manage("check", "--tag", "causeway", status=1).stderr
    assert "(causeway.E007) The core database 'core' cannot be linked to 'default'" in said
    assert "PostgreSQL joins no tables of two databases" in said
    assert "'staged'" in said


def test_a_backend_that_derives_from_postgresqls_may_have_schemas(projects):
    """Such as that of CockroachDB, which goes by another name."""
    _, child = projects
    child.write("other/__init__.py", "")
    child.write(
        "other/base.py",
        """
        from causeway.backends.postgresql.base import DatabaseWrapper as PostgreSQLDatabaseWrapper


        class DatabaseWrapper(PostgreSQLDatabaseWrapper):
            vendor = "other"
            display_name = "Other"
        """,
    )
    with child.changed_settings("for entry in DATABASES.values(): entry['ENGINE'] = 'other'"):
        assert "E014" not in child.manage("check", "--tag", "causeway").stderr


def test_the_tables_of_each_stand_in_its_own_schema(projects):
    core, child = projects
    assert {"articles_article", "content"} <= set(core.schema())
    assert {"comments_comment", "content", "django_migrations"} <= set(child.schema())
    assert "articles_article" not in child.schema()


def test_introspection_sees_the_schema_of_its_connection(projects):
    code = """
        from django.db import connections
        for alias in ("default", "core"):
            print(sorted(connections[alias].introspection.table_names()))
    """
    core, child = projects
    # Even where the search path of the core connection goes on.
    with child.changed_settings(
        f"DATABASES['core']['OPTIONS'] = {{'options': '-c search_path={core.database},{child.database}'}}"
    ):
        local, shared = child.shell(code).splitlines()
    assert local == str(sorted(child.schema()))
    assert shared == str(sorted(core.schema()))


def test_inspectdb_writes_the_models_of_one_schema(projects):
    _, child = projects
    local = child.manage("inspectdb").stdout
    assert "db_table = 'comments_comment'" in local
    assert "db_table = 'articles_article'" not in local
    shared = child.manage("inspectdb", "--database", "core").stdout
    assert "db_table = 'articles_article'" in shared
    assert "models.ForeignKey('ArticlesAuthor', models.DO_NOTHING" in shared
    assert "db_table = 'comments_comment'" not in shared


def test_a_core_connection_that_lost_its_search_path_reaches_core_all_the_same(projects):
    """As it is with a pooler that ignores the options a connection begins with."""
    core, child = projects
    core.rows("DELETE FROM content")
    code = f"""
        from comments.models import Content
        from django.db import connections
        with connections["core"].cursor() as cursor:
            cursor.execute("SET search_path = {child.database}")
        row = Content.contents.create(title="Shared", slug="shared")
        Content.contents.filter(slug="shared").update(title="Ours too")
        print(Content.contents.get().title, Content.objects.count())
    """
    assert child.shell(code) == "Ours too 0"
    assert core.rows("SELECT title FROM content") == [("Ours too",)]


# Statements -------------------------------------------------------------------------------------


def test_every_kind_of_statement_finds_its_table(projects):
    core, child = projects
    core.rows("DELETE FROM articles_article")
    code = """
        from django.db import connection, transaction
        from django.db.models import F, OuterRef, Subquery

        rows = [Article(title=name, slug=name.lower()) for name in ("Dams", "Weirs", "Locks")]
        Article.objects.bulk_create(rows)
        Article.objects.bulk_create(
            [Article(title="Weirs, again", slug="weirs")],
            update_conflicts=True, unique_fields=["slug"], update_fields=["title"],
        )
        Article.objects.bulk_create([Article(title="Lost", slug="dams")], ignore_conflicts=True)
        print(*Article.objects.order_by("slug").values_list("title", flat=True), sep=", ")
        article = Article.objects.get(slug="dams")
        Comment.objects.create(article=article, text="Good")
        with transaction.atomic():
            comments = Comment.objects.select_related("article")
            print(comments.select_for_update(of=("self", "article")).get().article.title)
            print(comments.select_for_update(of=("article",), skip_locked=True, no_key=True).count())
        print(Article.objects.distinct("slug").count(), Article.objects.filter(comments__text="Good").delete()[0])
        print(*Article.objects.raw("SELECT a.* FROM articles_article a ORDER BY slug"))
        print(Article.objects.filter(pk__in=Article.objects.order_by("-slug")[:1]).update(title=F("slug")))
        print(list(Article.objects.iterator(chunk_size=1)) == list(Article.objects.all()))
        print("articles_article" in Article.objects.filter(slug="locks").explain())
    """

    lines = child.shell(code).splitlines()
    assert lines[:4] == ["Dams, Locks, Weirs, again", "Dams", "1", "3 2"]
    assert lines[5:] == ["1", "True", "True"]


def test_sequences_follow_the_rows_that_a_fixture_brings(projects):
    core, child = projects
    core.rows("DELETE FROM articles_article")
    child.write(
        "rows.json",
        '[{"model": "articles.article", "pk": 5000, "fields": {"title": "Dams", "slug": "dams"}}]',
    )
    child.manage("loaddata", "--database", "core", "rows.json")
    assert child.shell("print(Article.objects.create(title='Weirs', slug='weirs').pk)") == "5001"


def test_a_constraint_keeps_core_rows_that_a_child_refers_to(projects):
    core, child = projects
    core.rows("DELETE FROM articles_article")
    code = """
        from django.db import IntegrityError, transaction
        article = Article.objects.create(title="Dams", slug="dams")
        Comment.objects.create(article=article, text="Good")
        try:
            with transaction.atomic():
                Article.objects.filter(pk=article.pk)._raw_delete("default")
        except IntegrityError as error:
            print("comments_comment" in str(error))
        print(article.delete()[0])
    """
    assert child.shell(code).splitlines() == ["True", "2"]


def test_the_test_runner_makes_both_schemas_for_a_role_with_its_own(projects):
    core, child = projects
    before = core.dump(), child.dump()
    child.write(
        "comments/tests.py",
        """
        from articles.models import Article
        from comments.models import Comment, Content
        from django.test import TestCase


        class Tests(TestCase):
            databases = {"default", "core"}

            def test_both(self):
                Comment.objects.create(article=Article.objects.create(title="a", slug="a"), text="")
                Content.contents.create(title="b", slug="b")
                self.assertEqual(Comment.objects.filter(article__slug="a").count(), 1)
                self.assertEqual(Content.objects.count(), 0)
        """,
    )
    assert "\nOK\n" in child.manage("test").stderr
    assert (core.dump(), child.dump()) == before
