"""A third-party model as core model: one set of accounts for all projects."""

import pytest

COMMENTS = """
    from django.conf import settings
    from django.db import models

    from articles.models import Article


    class Comment(models.Model):
        article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
        writer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments")
        text = models.TextField()
"""


@pytest.fixture(scope="module")
def projects(module_projects):
    core, child = module_projects
    child.write_app("comments", COMMENTS)
    child.add_settings("CAUSEWAY['core']['MODELS'] += ['auth.User']")
    core.migrate()
    child.migrate()
    return core, child


def test_accounts_live_in_core_alone(projects):
    core, child = projects
    core.shell("""
        from django.contrib.auth.models import User
        User.objects.create_user("ada", password="secret")
    """)
    assert (
        child.shell("""
        from django.contrib.auth import authenticate
        from django.contrib.auth.models import User
        print(authenticate(username="ada", password="secret"), authenticate(username="ada", password="wrong"))
        User.objects.create_user("ben", password="other")
    """)
        == "ada None"
    )
    child.manage("createsuperuser", "--noinput", "--username=root", "--email=root@example.com")
    found = core.rows("SELECT username, is_superuser FROM auth_user ORDER BY username")
    assert found == [("ada", 0), ("ben", 0), ("root", 1)]
    assert "auth_user" not in child.schema()
    assert "auth_group" in child.schema()


def test_local_rows_refer_to_accounts(projects):
    _, child = projects
    assert child.shell("""
        from django.contrib.auth.models import User
        from django.db.models import Count
        cy = User.objects.create_user("cy")
        article = Article.objects.create(title="Dams", slug="dams")
        Comment.objects.create(article=article, writer=cy, text="Deep")
        print(*Comment.objects.filter(writer__username="cy", article__title="Dams").values_list("text", flat=True))
        print(User.objects.annotate(number=Count("comments__article")).get(pk=cy.pk).number)
        print(cy.delete()[1]["comments.Comment"], Comment.objects.count())
    """).splitlines() == ["Deep", "1", "1 0"]
