"""What ``migrate`` and the commands around it make, rename and leave alone in core."""

from concurrent.futures import ThreadPoolExecutor

from tests import databases
from tests.accounts.newsrooms import LAYOUTS, LETTERS, builtin

# An app that lets two projects find the same rows missing before either makes them.
GATE = """
    import time
    from pathlib import Path

    from django.apps import AppConfig
    from django.db.models import QuerySet


    class GateConfig(AppConfig):
        name = "gate"

        def ready(self):
            bulk_create = QuerySet.bulk_create
            folder = Path(__file__).parents[2] / "gate"
            own, other = {names}
            passed = set()

            def wait_then_create(queryset, rows, *args, **kwargs):
                key = rows and (queryset.model.__name__, getattr(rows[0], "app_label", None))
                if key and key not in passed and key[0] in {waiting}:
                    passed.add(key)
                    (folder / f"{{own}}-{{key}}").touch()
                    end = time.monotonic() + 30
                    while not (folder / f"{{other}}-{{key}}").exists() and time.monotonic() < end:
                        time.sleep(0.01)
                return bulk_create(queryset, rows, *args, **kwargs)

            QuerySet.bulk_create = wait_then_create
"""

ROUNDS = 3


def write_gate(child, names, waiting):
    child.write("gate/__init__.py", "")
    child.write("gate/apps.py", GATE.format(names=names, waiting=waiting))
    child.add_settings("INSTALLED_APPS += ['gate']")


def forget(newsrooms, app_label):
    """Take the content types and permissions of an app out of core."""
    label = f"app_label = '{app_label}'"
    of_app = f"(SELECT id FROM django_content_type WHERE {label})"
    newsrooms.core.rows(f"DELETE FROM auth_permission WHERE content_type_id IN {of_app}")
    newsrooms.core.rows(f"DELETE FROM django_content_type WHERE {label}")


def test_two_children_migrate_at_the_same_time(empty_newsrooms, tmp_path):
    newsrooms = empty_newsrooms
    newsrooms.core.manage("migrate")
    for child in newsrooms.children:
        child.manage("migrate")
    (tmp_path / "gate").mkdir()
    waiting = {"ContentType", "Permission"} if "contenttypes" in LAYOUTS[newsrooms.layout] else {"Permission"}
    for child, names in zip(newsrooms.children, [("a", "b"), ("b", "a")], strict=True):
        write_gate(child, names, waiting)
    for _ in range(ROUNDS):
        forget(newsrooms, "comments")
        for file in (tmp_path / "gate").iterdir():
            file.unlink()
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(child.manage, "migrate") for child in newsrooms.children]:
                done.result()
        assert len(list((tmp_path / "gate").iterdir())) == 2 * len(waiting)
        assert newsrooms.content_types("comments") == ["comment", "label", "sign"]
        assert newsrooms.permissions("comments") == builtin("comment", "label", "sign")


def test_a_child_that_migrates_before_core(empty_newsrooms):
    newsrooms = empty_newsrooms
    said = newsrooms.weekly.manage("migrate", "letters").stdout
    assert (
        "Skipping the content types and permissions of letters: the core database 'core' has no table" in said
    )
    newsrooms.core.manage("migrate")
    newsrooms.weekly.manage("migrate")
    assert newsrooms.content_types("letters") == ["letter"]
    assert newsrooms.permissions("letters") == sorted([*builtin("letter"), "print_letter"])


def test_a_core_that_is_read_only(newsrooms):
    weekly = newsrooms.weekly
    forget(newsrooms, "letters")
    before = newsrooms.core.dump()
    sentence = (
        "Skipping the content types and permissions of letters: the core database 'core' is READ_ONLY here."
    )
    with weekly.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
        assert sentence in weekly.manage("migrate").stdout
        assert newsrooms.core.dump() == before
    weekly.manage("migrate")
    assert newsrooms.content_types("letters") == ["letter"]
    with weekly.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
        assert "Skipping the content types" not in weekly.manage("migrate").stdout


def test_they_are_made_by_hand(newsrooms):
    """As a migration does that grants the permissions of its own models."""
    forget(newsrooms, "letters")
    newsrooms.weekly.shell("""
        from causeway.management.content_types import create_in_core
        from django.apps import apps
        create_in_core(apps.get_app_config("letters"), verbosity=0)
    """)
    assert newsrooms.permissions("letters") == sorted([*builtin("letter"), "print_letter"])


RENAMING = """
    from django.db import migrations


    class Migration(migrations.Migration):
        dependencies = [("letters", "0001_initial")]
        operations = [migrations.RenameModel("Letter", "Note")]
"""


def test_a_renamed_model_keeps_its_content_type(newsrooms):
    weekly = newsrooms.weekly
    found = "SELECT id FROM django_content_type WHERE app_label = 'letters' AND model = '{}'"
    before = newsrooms.core.rows(found.format("letter"))
    weekly.write("letters/migrations/0002_note.py", RENAMING)
    letters = weekly.folder / "letters" / "models.py"
    with weekly.changed(letters, LETTERS.replace("class Letter", "class Note")):
        with weekly.changed_settings("CAUSEWAY['core']['READ_ONLY'] = True"):
            said = weekly.manage("migrate", "letters").stdout
            assert "Skipping the renaming of the content type letters.letter" in said
        weekly.manage("migrate", "letters", "0001")
        assert newsrooms.core.rows(found.format("letter")) == before
        weekly.manage("migrate", "letters")
        assert newsrooms.core.rows(found.format("note")) == before
        assert newsrooms.content_types("letters") == ["note"]
        assert weekly.shell("""
            from django.contrib.auth.models import Permission
            from django.contrib.contenttypes.models import ContentType
            kind = ContentType.objects.get_for_model(Note)
            print(Permission.objects.filter(content_type=kind, codename="view_note").count())
            print(*Permission.objects.filter(content_type=kind, codename__startswith="print"))
        """).splitlines() == ["1", "Letters | note | Can print a letter"]
        weekly.manage("migrate", "letters", "0001")
    (weekly.folder / "letters" / "migrations" / "0002_note.py").unlink()
    assert newsrooms.core.rows(found.format("letter")) == before
    forget(newsrooms, "letters")
    weekly.manage("migrate")


def test_flush_leaves_the_accounts(newsrooms):
    newsrooms.core.shell("""
        from django.contrib.auth.models import Group, Permission, User
        User.objects.create_user("flushed").groups.add(Group.objects.create(name="flushed"))
        Group.objects.get(name="flushed").permissions.add(*Permission.objects.all())
    """)
    newsrooms.daily.shell("""
        from django.contrib.contenttypes.models import ContentType
        kind = ContentType.objects.get_for_model(Comment)
        Label.objects.create(name="kept", content_type=kind, object_id=1)
    """)
    before = newsrooms.core.dump()
    newsrooms.daily.manage("flush", "--noinput")
    assert newsrooms.daily.rows("SELECT count(*) FROM comments_label") == [(0,)]
    assert newsrooms.core.dump() == before


def test_no_child_removes_what_another_may_need(newsrooms):
    before = newsrooms.core.dump(), newsrooms.daily.dump()
    for arguments in ([], ["--include-stale-apps"], ["--database=core", "--include-stale-apps"]):
        command = ["remove_stale_contenttypes", "--noinput", *arguments]
        refused = newsrooms.daily.manage(*command, status=1)
        assert "CommandError: Cannot tell here which content types are stale" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert (newsrooms.core.dump(), newsrooms.daily.dump()) == before


def test_the_owner_removes_what_is_stale(newsrooms):
    daily = newsrooms.daily
    daily.shell("""
        from django.contrib.contenttypes.models import ContentType
        ContentType.objects.create(app_label="comments", model="gone")
    """)
    if databases.placement() == "linked" or "contenttypes" in LAYOUTS[newsrooms.layout]:
        # Staged, a content type of the child's own is made in core with the first row that refers to it.
        assert newsrooms.content_types("comments") == ["comment", "gone", "label", "sign"]
    with daily.changed_settings("CAUSEWAY['core']['OWNER'] = True"):
        daily.manage("remove_stale_contenttypes", "--noinput")
        assert "gone" not in daily.shell("""
            from django.contrib.contenttypes.models import ContentType
            print(*ContentType.objects.filter(app_label="comments").values_list("model", flat=True))
        """)
        daily.manage("remove_stale_contenttypes", "--noinput", "--database=core")
    assert newsrooms.content_types("comments") == ["comment", "label", "sign"]
    assert newsrooms.content_types("letters") == ["letter"]


FIXTURE = """
    [
        {"model": "auth.group", "pk": 77, "fields": {"name": "loaded", "permissions": [
            ["view_comment", "comments", "comment"]
        ]}},
        {"model": "auth.user", "pk": 77, "fields": {"username": "loaded", "groups": [["loaded"]]}}
    ]
"""


def test_fixtures_with_natural_keys(newsrooms):
    daily, weekly = newsrooms.children
    daily.write("accounts.json", FIXTURE)
    daily.manage("loaddata", "accounts.json")
    assert newsrooms.count("auth_user", "username = 'loaded'") == 0
    daily.manage("loaddata", "accounts.json", "--database=core")
    asked = """
        from django.contrib.auth.models import User
        print(*User.objects.get(username="loaded").get_all_permissions())
    """
    assert weekly.shell(asked) == "comments.view_comment"
    dumped = weekly.manage("dumpdata", "auth.group", "--natural-foreign", "--natural-primary").stdout
    assert '["view_comment", "comments", "comment"]' in dumped
