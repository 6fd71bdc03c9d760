"""Django REST framework where the accounts are core rows: tokens, permissions, natural keys."""

from pathlib import Path

import pytest

SUITE = Path(__file__).with_name("accounts_suite.py").read_text()

MODELS = """
    from django.conf import settings
    from django.db import models

    from articles.models import Article


    class Comment(models.Model):
        article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
        writer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments")
        text = models.TextField()
"""

URLS = """
    from django.contrib.auth.models import User
    from django.urls import include, path
    from import_export import fields, resources
    from import_export.widgets import ForeignKeyWidget
    from rest_framework import permissions, routers, serializers, viewsets
    from rest_framework.authtoken.views import obtain_auth_token

    from comments.models import Comment


    class CommentSerializer(serializers.ModelSerializer):
        writer = serializers.HiddenField(default=serializers.CurrentUserDefault())

        class Meta:
            model = Comment
            fields = ["article", "writer", "text"]


    class CommentViewSet(viewsets.ModelViewSet):
        queryset = Comment.objects.all()
        serializer_class = CommentSerializer
        permission_classes = [permissions.DjangoModelPermissions]


    class CommentResource(resources.ModelResource):
        writer = fields.Field("writer", "writer", ForeignKeyWidget(User, use_natural_foreign_keys=True))

        class Meta:
            model = Comment
            fields = ["id", "article", "writer", "text"]


    router = routers.SimpleRouter()
    router.register("comments", CommentViewSet)
    urlpatterns = [path("", include(router.urls)), path("token/", obtain_auth_token)]
"""

SETTINGS = """
    INSTALLED_APPS += ["rest_framework", "rest_framework.authtoken", "import_export"]
    CAUSEWAY["core"]["MODELS"] += ["auth", "contenttypes"]
    ROOT_URLCONF = "comments.urls"
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "TEST_REQUEST_DEFAULT_FORMAT": "json",
    }
"""


@pytest.fixture(scope="module")
def projects(module_projects):
    core, child = module_projects
    child.write_app("comments", MODELS)
    child.write("comments/urls.py", URLS)
    child.write("comments/tests.py", SUITE)
    child.add_settings(SETTINGS)
    core.migrate()
    child.migrate()
    return core, child


def test_the_tests_of_such_a_project_pass(projects):
    _, child = projects
    done = child.python(
        "-m", "pytest", "--ds=settings", "-p", "no:cacheprovider", "-W", "error", "comments/tests.py"
    )
    assert "9 passed" in done.stdout


def test_the_command_that_makes_a_token_finds_the_account_in_core(projects):
    core, child = projects
    core.shell("""
        from django.contrib.auth.models import User
        User.objects.create_user("ada", password="secret")
    """)
    token = child.manage("drf_create_token", "ada").stdout.split()[2]
    assert child.rows("SELECT * FROM authtoken_token")[0][0] == token
    (user,) = core.rows("SELECT id FROM auth_user")
    assert child.rows("SELECT user_id FROM authtoken_token") == [user]
    assert "ghost" in child.manage("drf_create_token", "ghost", status=1).stderr
