"""Whoever makes permissions, content types or accounts in a child makes them in core, once."""

import pytest

from tests.accounts.newsrooms import builtin

# As in migrations of packages: a permission is needed before the end of migrate, where Django makes it.
MIGRATION = """
    from django.contrib.auth.management import create_permissions
    from django.db import migrations


    def with_installed_models(apps, schema_editor):
        app_config = apps.get_app_config("letters")
        app_config.models_module = True
        create_permissions(app_config, verbosity=0)
        app_config.models_module = None


    def with_models_of_the_migration(apps, schema_editor):
        app_config = apps.get_app_config("letters")
        app_config.models_module = True
        create_permissions(app_config, verbosity=0, apps=apps, using=schema_editor.connection.alias)
        app_config.models_module = None


    def grant(apps, schema_editor):
        Permission = apps.get_model("auth", "Permission")
        ContentType = apps.get_model("contenttypes", "ContentType")
        kind = ContentType.objects.get(app_label="letters", model="letter")
        found = Permission.objects.filter(content_type=kind)
        assert found.count() == 5, list(found.values_list("codename", flat=True))
        apps.get_model("auth", "Group").objects.get_or_create(name="printers")[0].permissions.add(
            found.get(codename="print_letter")
        )


    class Migration(migrations.Migration):
        dependencies = [
            ("letters", "0001_initial"), ("contenttypes", "0002_remove_content_type_name"), ("auth", "0012_alter_user_first_name_max_length")
        ]
        operations = [migrations.RunPython({make}), migrations.RunPython(grant)]
"""

# As django-guardian does it.
RECEIVER = """
    from django.apps import AppConfig
    from django.apps import apps as installed_apps
    from django.db import router
    from django.db.models.signals import post_migrate


    def make(using, apps=installed_apps, **kwargs):
        from django.contrib.auth.models import Group, User

        if router.allow_migrate_model(using, User):
            User.objects.using(using).get_or_create(username="AnonymousUser")
        if "auth" not in apps.app_configs:
            return
        if router.allow_migrate_model(using, apps.get_model("auth", "Group")):
            apps.get_model("auth", "Group").objects.using(using).get_or_create(name="readers")


    class LettersConfig(AppConfig):
        name = "letters"

        def ready(self):
            post_migrate.connect(make, sender=self)
"""

FLUSHED = """
    from django.contrib.auth.models import Group, Permission, User
    from django.test import TransactionTestCase


    class Tests(TransactionTestCase):
        databases = {"default", "core"}

        def check(self):
            self.assertEqual(User.objects.get().username, "AnonymousUser")
            self.assertEqual(Group.objects.get().name, "readers")
            self.assertEqual(Permission.objects.filter(content_type__app_label="letters").count(), 5)
            User.objects.create(username="ada")

        def test_first(self):
            self.check()

        def test_second(self):
            self.check()
"""

LETTERS = sorted([*builtin("letter"), "print_letter"])


@pytest.mark.parametrize("make", ["with_installed_models", "with_models_of_the_migration"])
def test_a_migration_that_makes_permissions(empty_newsrooms, make):
    newsrooms = empty_newsrooms
    newsrooms.core.manage("migrate")
    newsrooms.weekly.write("letters/migrations/0002_permissions.py", MIGRATION.replace("{make}", make))
    newsrooms.weekly.manage("migrate")
    assert newsrooms.permissions("letters") == LETTERS
    assert newsrooms.core.rows("SELECT count(*) FROM auth_group_permissions") == [(1,)]
    newsrooms.weekly.manage("migrate", "letters", "0001", "--fake")
    newsrooms.weekly.manage("migrate")
    assert newsrooms.permissions("letters") == LETTERS
    assert newsrooms.core.rows("SELECT count(*) FROM auth_group_permissions") == [(1,)]


def test_a_receiver_that_makes_accounts(newsrooms):
    weekly = newsrooms.weekly
    weekly.write("letters/apps.py", RECEIVER)
    newsrooms.core.rows("DELETE FROM auth_group_permissions")
    newsrooms.core.rows("DELETE FROM auth_user_groups")
    newsrooms.core.rows("DELETE FROM auth_group")
    try:
        with weekly.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
            weekly.manage("migrate")
        assert newsrooms.core.rows("SELECT count(*) FROM auth_group") == [(0,)]
        for _ in range(2):
            weekly.manage("migrate")
            assert newsrooms.core.rows("SELECT name FROM auth_group") == [("readers",)]
            assert newsrooms.core.rows("SELECT username FROM auth_user WHERE username LIKE 'A%'") == [
                ("AnonymousUser",)
            ]
        weekly.write("letters/tests.py", FLUSHED)
        weekly.manage("test", "--noinput", "letters")
    finally:
        (weekly.folder / "letters/apps.py").unlink()
        newsrooms.core.rows("DELETE FROM auth_user WHERE username = 'AnonymousUser'")


def test_a_receiver_before_core_has_its_tables(empty_newsrooms):
    weekly = empty_newsrooms.weekly
    weekly.write("letters/apps.py", RECEIVER)
    weekly.manage("migrate", "letters")
    empty_newsrooms.core.manage("migrate")
    weekly.manage("migrate")
    assert empty_newsrooms.core.rows("SELECT name FROM auth_group") == [("readers",)]


def test_by_hand(newsrooms):
    weekly = newsrooms.weekly
    newsrooms.core.rows("DELETE FROM auth_group_permissions")
    newsrooms.core.rows("DELETE FROM auth_user_user_permissions")
    of_letters = "(SELECT id FROM django_content_type WHERE app_label = 'letters')"
    newsrooms.core.rows(f"DELETE FROM auth_permission WHERE content_type_id IN {of_letters}")
    make = """
        from django.apps import apps
        from django.contrib.auth.management import create_permissions
        create_permissions(apps.get_app_config("letters"), verbosity=0)
    """
    with weekly.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
        weekly.shell(make)
    assert newsrooms.permissions("letters") == []
    weekly.shell(make)
    weekly.shell(make)
    assert newsrooms.permissions("letters") == LETTERS


def test_a_part_of_a_new_child_is_migrated(empty_newsrooms):
    """The table of content types has lost a column by the time of which the plan knows."""
    newsrooms = empty_newsrooms
    newsrooms.core.manage("migrate")
    newsrooms.daily.manage("migrate", "admin")
    assert newsrooms.permissions("admin") == builtin("logentry")
    newsrooms.daily.manage("migrate")
    assert newsrooms.permissions("comments") == builtin("comment", "label", "sign")


def test_a_child_is_checked_for_its_own_tables_alone(newsrooms):
    """Those of core are checked for the database in which they are."""
    weekly = newsrooms.weekly
    models = weekly.shared / "marks/models.py"
    long = "column_of_a_length_that_no_server_takes_" * 3 + "x"
    named = models.read_text().replace("name = models", f"{long} = models")
    ask = ["check", "--tag", "models", "--database"]
    with weekly.changed(models, named):
        assert long not in weekly.manage(*ask, "default", status=0).stderr
        if weekly.databases.engine != "sqlite3":
            assert long in weekly.manage(*ask, "core", status=1).stderr


def test_what_reads_or_empties_a_whole_database_leaves_core_alone(newsrooms):
    weekly = newsrooms.weekly
    newsrooms.core.shell(
        "from django.contrib.auth.models import User; User.objects.get_or_create(username='ada')"
    )
    assert '"auth.user"' not in weekly.manage("dumpdata").stdout
    assert "auth_user" not in weekly.manage("sqlflush").stdout
    before = newsrooms.core.dump()
    weekly.manage("flush", "--noinput")
    assert newsrooms.core.dump() == before
