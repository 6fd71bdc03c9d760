"""``manage.py causeway explain``."""

import pytest

from tests.staged.projects import AWAY, staged_settings


@pytest.fixture(scope="module")
def staged(migrated_projects):
    """The child, whose core tables are staged, and rows on both sides."""
    core, child = migrated_projects
    for project, sql in (
        (core, "INSERT INTO articles_author (id, name) VALUES (1, 'Ada')"),
        (core, "INSERT INTO articles_article (id, title, slug, author_id) VALUES (1, 'Dams', 'dams', 1)"),
        (child, "INSERT INTO comments_comment (article_id, text) VALUES (1, 'Deep')"),
    ):
        project.rows(sql)
    child.add_settings(staged_settings(core))
    return child


def said_by(child, *arguments, status=0):
    done = child.manage("causeway", "explain", *arguments, status=status)
    assert "Traceback" not in done.stderr
    return done.stderr if status else done.stdout


@pytest.mark.parametrize(
    "expression",
    [
        "comments.Comment.objects.filter(article__title='Dams')",
        "comments.models.Comment.objects.filter(article__title='Dams')",
        "comments.Comment.objects.filter(Q(article__title='Dams'))",
        "comments.Comment.objects.filter(article__in=articles.Article.objects.filter(title='Dams'))",
        "articles.Article.objects.filter(~Exists(comments.Comment.objects.filter(article=OuterRef('pk'))))",
        "  comments.Comment.objects.select_related('article')\n",
    ],
)
def test_an_expression_is_explained(staged, expression):
    lines = said_by(staged, expression).splitlines()
    assert lines[0] == "The query runs on 'default', where the core rows that it needs are staged."
    assert "core.articles_article: staged, inline" in lines
    assert "Statements that would be sent:" in lines


def test_analyze_gives_actual_figures(staged):
    lines = said_by(
        staged, "comments.Comment.objects.filter(article__title='Dams')", "--analyze"
    ).splitlines()
    assert "  actual     1 row, 12 bytes" in lines
    assert lines[-1] == "The query has 1 row."


def test_a_model_of_an_app_whose_label_is_no_module(staged):
    first = said_by(staged, "auth.User.objects.all()").splitlines()[0]
    assert first == "The query runs on 'default': it reaches no core table."
    assert said_by(staged, "django.contrib.auth.models.User.objects.all()").splitlines()[0] == first


def test_a_manager_is_explained(staged):
    assert said_by(staged, "articles.Article.objects").startswith("The query runs on 'core'")


@pytest.mark.parametrize(
    "expression, sentence",
    [
        ("comments.Comment.objects.filter(", "as a Python expression: "),
        ("", "Cannot read '' as a Python expression: "),
        ("x = 1", "Cannot read 'x = 1' as a Python expression: "),
        ("nothing.Comment.objects.all()", "NameError: name 'nothing' is not defined"),
        ("comments.Nothing.objects.all()", "AttributeError: the app 'comments' has no model 'Nothing'"),
        ("comments.models.Nothing", "AttributeError: the module 'comments.models' has no 'Nothing'"),
        (
            "comments.Comment.objects.filter(title='Dams')",
            "FieldError: Cannot resolve keyword 'title' into field.",
        ),
        (
            "comments.Comment.objects.count()",
            "Cannot explain 'comments.Comment.objects.count()': explain() takes",
        ),
        ("comments.Comment", "explain() takes a QuerySet or a manager, not 'ModelBase'"),
        ("comments.Comment.objects.get(pk=0)", "DoesNotExist: Comment matching query does not exist."),
        ("comments.Comment.objects.annotate(x=F('pk') + F('text'))", "Cannot infer type of '+' expression"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_what_cannot_be_explained_gets_a_sentence(staged, expression, sentence):
    said = said_by(staged, expression, status=1)
    assert said.startswith("CommandError: Cannot ")
    assert sentence in said
    assert said.count("\n") == 1


def test_a_core_database_that_is_away_gets_a_sentence(staged):
    with staged.changed_settings(AWAY[staged.databases.engine]):
        said = said_by(staged, "comments.Comment.objects.filter(article__title='Dams')", status=1)
    assert "Cannot fetch the rows of a spanning query from the core database 'core': " in said


def test_a_module_that_fails_is_told(staged):
    staged.write("failing.py", "import nowhere_at_all")
    said = said_by(staged, "failing.Model.objects.all()", status=1)
    assert "ModuleNotFoundError: No module named 'nowhere_at_all'" in said
