"""The tests of a child project whose accounts are in core, with an API. ``test_accounts.py`` runs them there."""

from articles.models import Article
from comments.models import Comment
from comments.urls import CommentResource
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from rest_framework.authtoken.models import Token
from rest_framework.test import APITestCase
from tablib import Dataset


class AccountTestCase(APITestCase):
    def setUp(self):
        self.user = User.objects.create_user("ada", password="secret")
        self.article = Article.objects.create(title="Dams", slug="dams")

    def log_in(self):
        answer = self.client.post("/token/", {"username": "ada", "password": "secret"})
        self.assertEqual(answer.status_code, 200, answer.content)
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {answer.json()['token']}")

    def add_comment(self, status):
        answer = self.client.post("/comments/", {"article": self.article.pk, "text": "Deep"})
        self.assertEqual(answer.status_code, status, answer.content)


class TokenTests(AccountTestCase):
    databases = {"default", "core"}

    def test_the_account_is_in_core_and_its_token_here(self):
        tables = {alias: connections[alias].introspection.table_names() for alias in self.databases}
        self.assertIn("auth_user", tables["core"])
        self.assertNotIn("auth_user", tables["default"])
        self.assertIn("authtoken_token", tables["default"])
        self.assertNotIn("authtoken_token", tables["core"])

    def test_a_token_is_had_for_the_password_alone(self):
        answer = self.client.post("/token/", {"username": "ada", "password": "wrong"})
        self.assertEqual(answer.json(), {"non_field_errors": ["Unable to log in with provided credentials."]})
        self.log_in()
        self.assertEqual(Token.objects.get().user, self.user)

    def test_a_token_is_looked_up_with_its_account_in_one_query(self):
        self.log_in()
        with self.assertNumQueries(2):  # the token with its user, the comments
            self.assertEqual(self.client.get("/comments/").json(), [])

    def test_nobody_and_a_wrong_token_are_kept_out(self):
        self.assertEqual(self.client.get("/comments/").status_code, 401)
        self.client.credentials(HTTP_AUTHORIZATION="Token wrong")
        self.assertEqual(self.client.get("/comments/").json(), {"detail": "Invalid token."})

    def test_an_account_that_was_closed_is_kept_out(self):
        self.log_in()
        User.objects.filter(pk=self.user.pk).update(is_active=False)
        self.assertEqual(self.client.get("/comments/").status_code, 401)

    def test_an_account_takes_its_tokens_along(self):
        self.log_in()
        self.user.delete()
        self.assertFalse(Token.objects.exists())


class PermissionTests(AccountTestCase):
    def setUp(self):
        super().setUp()
        self.log_in()
        kind = ContentType.objects.get_for_model(Comment)
        names = {"content_type": kind, "codename": "add_comment"}
        self.permission = Permission.objects.get_or_create(**names, defaults={"name": "Can add comment"})[0]

    def test_a_permission_of_the_account(self):
        self.add_comment(403)
        self.user.user_permissions.add(self.permission)
        self.add_comment(201)
        self.assertEqual(Comment.objects.get().writer, self.user)

    def test_a_permission_of_a_group_of_the_account(self):
        group = Group.objects.create(name="writers")
        group.permissions.add(self.permission)
        self.user.groups.add(group)
        self.add_comment(201)


class NaturalKeyTests(AccountTestCase):
    def test_rows_that_name_accounts_by_their_natural_key(self):
        rows = Dataset(("", self.article.pk, '["ada"]', "Deep"), headers=("id", "article", "writer", "text"))
        result = CommentResource().import_data(rows, raise_errors=True)
        self.assertEqual(result.totals["new"], 1)
        self.assertEqual(Comment.objects.get(text="Deep").writer, self.user)
        self.assertEqual(CommentResource().export().dict[0]["writer"], '["ada"]')
