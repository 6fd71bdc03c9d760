"""The test runner of a process that runs tests of Django's: it notes each test's outcome."""

from __future__ import annotations

import unittest
from contextlib import suppress
from types import TracebackType

from django.conf import settings
from django.db import OperationalError
from django.test.runner import DiscoverRunner

PASSED = "passed"
Problem = tuple[type[BaseException], BaseException, TracebackType | None]


class OutcomeResult(unittest.TextTestResult):
    """Notes the outcome of each test by its id: ``PASSED``, or what else became of it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.outcomes: dict[str, str] = {}

    def note(self, test: unittest.TestCase, outcome: str) -> None:
        # The first word stands: a test that failed can still fail to clean up.
        self.outcomes.setdefault(test.id(), outcome)

    def addSuccess(self, test):  # noqa: N802
        super().addSuccess(test)
        self.note(test, PASSED)

    def addError(self, test, err):  # noqa: N802
        super().addError(test, err)
        self.outcomes[test.id()] = described("error", err)

    def addFailure(self, test, err):  # noqa: N802
        super().addFailure(test, err)
        self.note(test, described("failure", err))

    def addSubTest(self, test, subtest, err):  # noqa: N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, described("failure", err))

    def addSkip(self, test, reason):  # noqa: N802
        super().addSkip(test, reason)
        self.note(test, f"skipped: {reason}")

    def addExpectedFailure(self, test, err):  # noqa: N802
        super().addExpectedFailure(test, err)
        self.note(test, "expected failure")

    def addUnexpectedSuccess(self, test):  # noqa: N802
        super().addUnexpectedSuccess(test)
        self.note(test, "unexpected success")


def described(kind: str, problem: Problem) -> str:
    """The problem in a line."""
    lines = str(problem[1]).splitlines()
    return f"{kind}: {problem[0].__name__}: {lines[0] if lines else ''}"


class FidelityRunner(DiscoverRunner):
    """Makes the core databases first, as a child's deployment does; keeps the outcomes of all tests."""

    # Django's runtests makes the runner itself and gives back a number only.
    outcomes: dict[str, str] = {}

    def get_resultclass(self):
        return OutcomeResult

    def get_databases(self, suite):
        return {**dict.fromkeys(getattr(settings, "CAUSEWAY", {}), False), **super().get_databases(suite)}

    def teardown_databases(self, old_config, **kwargs):
        # Threads of some tests close the connection of the child alone, and PostgreSQL drops no database in use.
        # Whoever started the process drops what is left.
        with suppress(OperationalError):
            super().teardown_databases(old_config, **kwargs)

    def run_suite(self, suite, **kwargs):
        result = super().run_suite(suite, **kwargs)
        self.outcomes.update(result.outcomes)
        return result
