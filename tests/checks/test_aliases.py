"""What the checks say of what DATABASES and DATABASE_ROUTERS have beside the core databases."""

import os
from pathlib import Path

import pytest

from tests.checks.messages import hint_of, said_by
from tests.checks.test_settings import messages

ROUTER = "causeway.routers.CoreRouter"


@pytest.fixture
def child(migrated_projects):
    return migrated_projects[1]


# One database for both ------------------------------------------------------------------------------


def other_spellings(child):
    """Settings that name the child's database as core, in other words than its own."""
    folder = Path(str(child.databases.name(child.database))).parent
    match child.databases.engine:
        case "sqlite3":
            name = Path(str(child.databases.name(child.database)))
            link, hard = folder / "link.sqlite3", folder / "hard.sqlite3"
            link.unlink(missing_ok=True)
            hard.unlink(missing_ok=True)
            link.symlink_to(name)
            os.link(name, hard)
            return [f"DATABASES['core']['NAME'] = {str(other)!r}" for other in (link, hard)]
        case "mysql":
            own = (
                "DATABASES['core'].update(NAME=DATABASES['default']['NAME'], HOST='', "
                "OPTIONS={**DATABASES['core'].get('OPTIONS', {}), 'host': DATABASES['default']['HOST']})"
            )
            return [own, f"{own}; CAUSEWAY['core']['PLACEMENT'] = 'staged'"]
    return [
        "CAUSEWAY['core'] = {'MODELS': ['articles'], 'PLACEMENT': 'staged'}; "
        "DATABASES['core'] = {**DATABASES['default'], 'HOST': 'localhost'}"
    ]


@pytest.mark.parametrize("arguments", [["--tag", "causeway"], ["--database", "default"]])
def test_core_is_the_childs_own_database_by_its_name(child, arguments):
    if child.databases.engine == "postgresql":
        pytest.skip("schemas of one database have its name")
    said = said_by(child, "DATABASES['core'] = dict(DATABASES['default'])", *arguments)
    assert said.count("causeway.E022") == 1
    assert "'default' and the core database 'core' are one database" in said
    assert hint_of(said, "causeway.E022").startswith("Give 'default' a database of its own.")


def test_core_is_the_childs_own_database_under_another_name(child):
    for change in other_spellings(child):
        before = child.dump()
        said = said_by(child, change, "--database", "default")
        assert "'default' and the core database 'core' are one database" in said, change
        with child.changed_settings(change):
            done = child.manage("migrate", status=1)
        assert "causeway.E022" in done.stderr
        assert child.dump() == before


# Aliases and their settings -------------------------------------------------------------------------


def test_a_second_connection_to_the_childs_database_has_djangos_engine(child):
    engine = f"django.db.backends.{child.databases.engine}"
    said = said_by(
        child, f"DATABASES['replica'] = {{**DATABASES['default'], 'ENGINE': {engine!r}}}", status=0
    )
    assert "DATABASES['replica'] is a connection to the database of 'default', or to a replica" in said
    assert hint_of(said, "causeway.W012") == "Give it the ENGINE of 'default'."
    assert "no issues" in said_by(child, "DATABASES['replica'] = dict(DATABASES['default'])", status=0)
    other = f"DATABASES['archive'] = {{**DATABASES['default'], 'ENGINE': {engine!r}, 'NAME': 'archive'}}"
    assert "no issues" in said_by(child, other, status=0)


def test_a_linked_core_has_another_time_zone(child):
    said = said_by(child, "DATABASES['core']['TIME_ZONE'] = 'Europe/Paris'", status=0)
    if child.databases.engine == "postgresql":
        # Its columns hold no times of a zone.
        assert "no issues" in said
        return
    assert "DATABASES['core'] has the TIME_ZONE 'Europe/Paris'" in said
    assert "written over 'default', in 'UTC'" in said
    assert "'staged' for PLACEMENT" in hint_of(said, "causeway.W013")
    both = "for entry in DATABASES.values(): entry['TIME_ZONE'] = 'Europe/Paris'"
    assert "no issues" in said_by(child, both, status=0)
    assert "no issues" in said_by(child, "DATABASES['default']['TIME_ZONE'] = 'UTC'", status=0)


def test_a_core_is_to_be_another_database_under_test(child):
    said = said_by(child, "DATABASES['core']['TEST'] = {'MIRROR': 'default'}", status=0)
    assert "TEST of DATABASES['core'] has 'MIRROR': 'default', which is left out" in said
    assert "a replica" in hint_of(said, "causeway.W014")


# Routers and managers ---------------------------------------------------------------------------------


def test_the_router_has_nothing_to_do(child):
    said = said_by(child, "del CAUSEWAY", status=0)
    assert "DATABASE_ROUTERS has CoreRouter, but CAUSEWAY names no core database" in said
    assert hint_of(said, "causeway.W010").startswith("Write CAUSEWAY = {'core'")
    said = said_by(child, "CAUSWAY = CAUSEWAY; del CAUSEWAY", status=0)
    assert hint_of(said, "causeway.W010") == "Is CAUSWAY to be CAUSEWAY?"
    assert "W010" not in said_by(child, "CAUSEWAY = {}; DATABASE_ROUTERS = []", status=0)


def test_a_model_with_a_core_manager_is_a_core_model(child):
    said = said_by(child, "CAUSEWAY['core']['MODELS'].append('comments.Content')", status=0)
    assert "comments.Content is a core model, whose rows all stand in 'core', and has the CoreManager" in said
    assert "to have rows in both databases" in hint_of(said, "causeway.W011")


class Elsewhere:
    """Sends all that is read to a database of its own."""

    def db_for_read(self, model, **hints):
        return "elsewhere"


class Here:
    """Has every table in the child's database."""

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return db == "default"


class Writing:
    def db_for_write(self, model, **hints):
        return "elsewhere"


class Modest:
    """Answers for what is not core's alone, or as ours does."""

    def db_for_read(self, model, **hints):
        return "core" if model._meta.app_label == "library" else None

    def db_for_write(self, model, **hints):
        return None

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return False if app_label == "library" else None


@pytest.mark.parametrize(
    ("other", "does"),
    [
        (Elsewhere, "reads the core model library.Article"),
        (Writing, "writes the core model library.Article"),
        (Here, "lets migrate make the table of the core model"),
    ],
)
def test_a_router_before_ours_takes_core_models(other, does):
    name = f"{__name__}.{other.__name__}"
    (message,) = messages("causeway.E017", DATABASE_ROUTERS=[name, ROUTER])
    assert f"DATABASE_ROUTERS has {name!r} before CoreRouter, and it " in message.msg
    assert does.split(" library")[0] in message.msg
    assert message.hint == f"Put {ROUTER!r} first."
    assert messages("causeway.E017", DATABASE_ROUTERS=[ROUTER, name]) == []


def test_a_router_before_ours_leaves_core_models_alone():
    assert messages("causeway.E017", DATABASE_ROUTERS=[f"{__name__}.Modest", ROUTER]) == []
