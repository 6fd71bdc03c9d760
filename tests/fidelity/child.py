"""A process over Django's own tests, started in their folder with a layout of databases.

    python -m tests.fidelity.child models OUTPUT MODULE…    what the drawing has to know
    python -m tests.fidelity.child tests OUTPUT MODULE…     each test's outcome

Both write JSON to the file OUTPUT.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

# Django's: the working folder is the one of its tests.
import runtests  # type: ignore[import-not-found]
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase, testcases
from django.test.utils import CaptureQueriesContext

from tests.fidelity.runner import FidelityRunner
from tests.packages.inside.model_facts import fact


def facts(modules: list[str]) -> dict[str, object]:
    """The facts of the models of the modules, and the version of the database."""
    runtests.setup_run_tests(0, None, None, modules)
    models = [
        model
        for config in apps.get_app_configs()
        if config.name.split(".")[0] in modules
        for model in config.get_models()
        if not model._meta.swapped
    ]
    return {"database": connection.get_database_version(), "models": [fact(model) for model in models]}


def outcomes(modules: list[str]) -> dict[str, str]:
    """The outcome of each test of the modules by its id."""
    if homes := getattr(settings, "CAUSEWAY", None):
        runtests.ALWAYS_INSTALLED_APPS.insert(0, "causeway")
        # Tests that name no databases get all of a project's.
        TransactionTestCase.databases = {"default", *homes}
        if any(core["PLACEMENT"] != "linked" for core in homes.values()):
            leave_statements_uncounted()
    runtests.django_tests(
        verbosity=1,
        interactive=False,
        failfast=False,
        keepdb=False,
        reverse=False,
        test_labels=modules,
        debug_sql=False,
        parallel=1,
        tags=None,
        exclude_tags=None,
        test_name_patterns=None,
        start_at=None,
        start_after=None,
        pdb=False,
        buffer=False,
        timing=False,
        shuffle=False,
    )
    return FidelityRunner.outcomes


def leave_statements_uncounted() -> None:
    """Judge what queries come to, not how many statements two connections take for it."""
    testcases._AssertNumQueriesContext.__exit__ = CaptureQueriesContext.__exit__


if __name__ == "__main__":
    verb, output, *modules = sys.argv[1:]
    Path(output).write_text(json.dumps({"models": facts, "tests": outcomes}[verb](modules)))
