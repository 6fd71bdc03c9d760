"""A plugin of pytest, in a process that runs a package's own tests: over the databases that it is told.

It puts these into the package's settings, however these are made, and writes what became of each test, or the
facts of the models, to a file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import model_facts
import pytest
from django import conf

TOLD = json.loads(os.environ["CAUSEWAY_PACKAGES_RUN"])
CORES = TOLD["causeway"]
HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"

outcomes: dict[str, str] = {}


def changed(own: Any) -> dict[str, Any]:
    """The settings of the run, by a package's own."""
    hashers = [hasher for hasher in own.PASSWORD_HASHERS if hasher != HASHER]
    changes = {"DATABASES": TOLD["databases"], "PASSWORD_HASHERS": [HASHER, *hashers]}
    if CORES:
        changes["CAUSEWAY"] = CORES
        changes["DATABASE_ROUTERS"] = ["causeway.routers.CoreRouter", *own.DATABASE_ROUTERS]
        # What is added to it by a suite must be of its type.
        changes["INSTALLED_APPS"] = type(own.INSTALLED_APPS)(["causeway", *own.INSTALLED_APPS])
    return changes


class Settings(conf.Settings):
    """Those of a module."""

    def __init__(self, settings_module: str) -> None:
        super().__init__(settings_module)
        vars(self).update(changed(self))


def configure(self: Any, default_settings: Any = conf.global_settings, **options: Any) -> None:
    """Take those that a suite gives in Python."""
    own_configure(self, default_settings, **options)
    vars(self._wrapped).update(changed(self._wrapped))


own_configure = conf.LazySettings.configure
conf.LazySettings.configure = configure
conf.Settings = Settings


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Let test cases use the core databases, which a package's own do not name."""
    from django.test import TransactionTestCase, testcases
    from django.test.utils import CaptureQueriesContext

    TransactionTestCase.databases = {"default", *CORES}
    if any(core["PLACEMENT"] != "linked" for core in CORES.values()):
        # It is judged what queries come to, not how many statements two connections take for it.
        testcases._AssertNumQueriesContext.__exit__ = CaptureQueriesContext.__exit__
    for test_case in {item.cls for item in items if getattr(item, "cls", None)}:
        databases = getattr(test_case, "databases", "__all__")
        if issubclass(test_case, TransactionTestCase) and databases != "__all__":
            test_case.databases = {*databases, *CORES}


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any) -> Any:
    """Have the keys of core tables begin anew where a suite has all of them do, which looks into one database."""
    value = yield
    if fixturedef.argname == "reset_sequences":
        for alias in CORES:
            begin_keys_anew(alias)
    return value


def begin_keys_anew(alias: str) -> None:
    from django.apps import apps
    from django.core.management.color import no_style
    from django.db import connections

    connection = connections[alias]
    tables = set(connection.introspection.table_names())
    models = [model for model in apps.get_models() if str(model._meta.db_table) in tables]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def pytest_collection_finish(session: pytest.Session) -> None:
    if TOLD["verb"] == "models":
        write(models())


def models() -> dict[str, Any]:
    """The facts of all models, the labels of apps with migrations, and the version of the database."""
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(None, ignore_no_migrations=True)
    models = [model for model in apps.get_models() if not model._meta.swapped and model._meta.managed]
    return {"models": list(map(model_facts.fact, models)), "migrated": sorted(loader.migrated_apps)}


@pytest.hookimpl
def pytest_runtest_logreport(report: Any) -> None:
    """Keep the first of what is wrong; a test has passed when it was cleaned up as well."""
    if report.outcome == "passed" and not hasattr(report, "wasxfail"):
        if report.when == "teardown":
            outcomes.setdefault(report.nodeid, "passed")
        return
    if report.outcome == "skipped" or hasattr(report, "wasxfail"):
        outcomes.setdefault(report.nodeid, f"skipped: {str(report.longrepr)[:200]}")
    else:
        outcomes.setdefault(report.nodeid, f"{report.when}: {problem(report.longrepr)}")


def problem(described: Any) -> str:
    """What was raised, in a line."""
    crash = getattr(described, "reprcrash", None)
    lines = str(crash.message if crash else described).strip().splitlines()
    return (lines[0] if crash else lines[-1])[:300] if lines else ""


def pytest_collectreport(report: Any) -> None:
    if report.failed:
        outcomes[report.nodeid] = f"collection: {problem(report.longrepr)}"


def pytest_sessionfinish() -> None:
    if TOLD["verb"] == "tests":
        write(outcomes)


def write(found: Any) -> None:
    Path(TOLD["output"]).write_text(json.dumps(found))
