"""A child that applies migrations from the beginning, when core has long been migrated to the end.

The core app's model has been renamed, with fields of it; a field has gone, and one has come.
"""

import pytest

from tests.staged.projects import staged_settings

MODELS = """
    from django.db import models


    class Tag(models.Model):
        name = models.CharField(max_length=50)


    class Article(models.Model):
        headline = models.CharField(max_length=255)
        rank = models.IntegerField(default=7)
        tags = models.ManyToManyField(Tag)


    class Issue(models.Model):
        number = models.IntegerField()
"""

INITIAL = """
    from django.db import migrations, models


    class Migration(migrations.Migration):
        initial = True
        dependencies = []
        operations = [
            migrations.CreateModel(
                "Tag",
                [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=50))],
            ),
            migrations.CreateModel(
                "Post",
                [
                    ("id", models.AutoField(primary_key=True)),
                    ("title", models.CharField(max_length=255)),
                    ("code", models.CharField(max_length=9, default="x")),
                    ("tags", models.ManyToManyField("articles.Tag")),
                ],
                options={"ordering": ["code", "title"]},
            ),
        ]
"""

LATER = """
    from django.db import migrations, models


    def fill(apps, schema_editor):
        for post in apps.get_model("articles", "Post").objects.all():
            post.title = post.code + post.title
            post.save()


    class Migration(migrations.Migration):
        dependencies = [("articles", "0001_initial")]
        operations = [
            migrations.RunPython(fill, migrations.RunPython.noop),
            migrations.AlterField("post", "id", models.BigAutoField(primary_key=True)),
            migrations.RenameField("post", "title", "name"),
            migrations.RenameModel("Post", "Story"),
            migrations.AlterModelOptions("story", {}),
            migrations.RemoveField("story", "code"),
            migrations.RenameField("story", "name", "headline"),
            migrations.SeparateDatabaseAndState(
                database_operations=[migrations.RenameModel("Story", "Article")],
                state_operations=[migrations.RenameModel("Story", "Article")],
            ),
            migrations.AddField("article", "rank", models.IntegerField(default=7)),
            migrations.CreateModel(
                "Issue",
                [("id", models.BigAutoField(primary_key=True)), ("number", models.IntegerField())],
            ),
        ]
"""

COMMENTS = """
    from django.db import models

    from articles.models import Article


    class Comment(models.Model):
        article = models.ForeignKey(Article, models.CASCADE)
        text = models.TextField()
"""

# The child's, which is as old as the core app's first.
FIRST = """
    import django.db.models.deletion
    from django.db import migrations, models


    def make(apps, schema_editor):
        Post, Comment = apps.get_model("articles", "Post"), apps.get_model("comments", "Comment")
        Tag = apps.get_model("articles", "Tag")
        assert [(post.title, post.code) for post in Post.objects.all()] == [("Old", "x")]
        post = Post.objects.create(title="Dams", code="gone")
        post.tags.add(Tag.objects.create(name="water"))
        assert list(Post.objects.filter(title="Dams").values_list("tags__name", "title")) == [("water", "Dams")]
        Post.objects.filter(title="Old").update(title="Older")
        for text, article in (("Deep", post), ("Aged", Post.objects.get(title="Older"))):
            Comment.objects.create(article=article, text=text)
        assert list(Comment.objects.order_by("article__title").values_list("article__title", flat=True)) == ["Dams", "Older"]
        assert [comment.article.title for comment in Comment.objects.select_related("article").order_by("text")] == ["Older", "Dams"]
        post.refresh_from_db()
        post.save()


    class Migration(migrations.Migration):
        dependencies = [("articles", "0001_initial")]
        operations = [
            migrations.CreateModel(
                "Comment",
                [
                    ("id", models.BigAutoField(primary_key=True)),
                    ("article", models.ForeignKey("articles.Post", django.db.models.deletion.CASCADE)),
                    ("text", models.TextField()),
                ],
            ),
            migrations.RunPython(make, migrations.RunPython.noop),
        ]
        # That of the core app would come before it, by its name.
        run_before = [("articles", "0002_later")]
"""

TESTS = """
    from articles.models import Article
    from comments.models import Comment
    from django.test import TestCase


    class Tests(TestCase):
        databases = {"default", "core"}

        def test_rows(self):
            article = Article.objects.create(headline="Dams")
            article.tags.create(name="stone")
            Comment.objects.create(article=article, text="Deep")
            self.assertEqual(Comment.objects.get(article__tags__name="stone").article.rank, 7)
"""


@pytest.fixture
def projects(core_project, child_project):
    """The core project, which is not migrated, and a child of which nothing is there."""
    core, child = core_project, child_project
    for project in (core, child):
        project.add_settings("INSTALLED_APPS.remove('django.contrib.auth')")
    core.add_settings("INSTALLED_APPS.remove('pages')")
    child.add_settings("CAUSEWAY['core']['MODELS'] = ['articles.Article', 'articles.tag', 'articles.Issue']")
    core.write(str(core.shared / "articles/models.py"), MODELS)
    core.write(str(core.shared / "articles/migrations/__init__.py"), "")
    core.write(str(core.shared / "articles/migrations/0001_initial.py"), INITIAL)
    core.write(str(core.shared / "articles/migrations/0002_later.py"), LATER)
    child.write("comments/models.py", COMMENTS)
    child.write("comments/migrations/__init__.py", "")
    child.write("comments/migrations/0001_first.py", FIRST)
    return core, child


CORE_TABLES = {"articles_article", "articles_article_tags", "articles_issue", "articles_tag"}


@pytest.mark.parametrize("is_staged", [False, True], ids=["linked", "staged"])
def test_a_new_child_of_an_old_core(projects, is_staged):
    core, child = projects
    if is_staged:
        child.add_settings(staged_settings(core))
    core.manage("migrate", "articles")
    before = core.schema()
    core.rows(
        "INSERT INTO articles_article (headline, rank) VALUES ('Old', 1)".replace(
            "rank", quoted(core, "rank")
        )
    )
    child.manage("migrate")
    assert core.schema() == before
    assert not {name for name in child.schema() if name.startswith("articles")}
    found = child.shell(
        "print(sorted(Comment.objects.values_list('article__headline', 'article__rank', 'text')))"
    )
    assert found == "[('Dams', 7, 'Deep'), ('Older', 1, 'Aged')]"


def quoted(project, name):
    """A word that MySQL reserves, as a name."""
    return f"`{name}`" if project.databases.engine == "mysql" else f'"{name}"'


@pytest.mark.parametrize("is_staged", [False, True], ids=["linked", "staged"])
def test_the_owner_makes_the_tables_of_a_model_under_each_name_that_it_has_had(projects, is_staged):
    core, owner = projects
    if is_staged:
        owner.add_settings(staged_settings(core))
    owner.add_settings("CAUSEWAY['core']['OWNER'] = True")
    for _ in range(2):
        owner.manage("migrate", "articles", "0001", "--database", "core")
        assert "articles_post" in core.schema()
        core.rows("DELETE FROM articles_post")
        core.rows("INSERT INTO articles_post (title, code) VALUES ('ld', 'O')")
        owner.manage("migrate", "--database", "core")
        assert set(core.schema()) >= CORE_TABLES
        assert core.rows("SELECT headline FROM articles_article") == [("Old",)]
    owner.manage("migrate")
    assert not {name for name in owner.schema() if name.startswith("articles")}
    assert core.rows("SELECT headline FROM articles_article ORDER BY id") == [("Older",), ("Dams",)]


def test_tests_of_a_child(projects):
    _, child = projects
    child.write(
        "comments/migrations/0001_first.py",
        FIRST.replace("migrations.RunPython(make, migrations.RunPython.noop),", ""),
    )
    child.write("comments/tests.py", TESTS)
    child.manage("test", "--noinput")
