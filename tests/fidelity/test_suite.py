import asyncio
import json
import unittest
from io import StringIO
from pathlib import Path

import pytest

from tests.fidelity import suite
from tests.fidelity.layout import Layout
from tests.fidelity.processes import ProcessError, Processes
from tests.fidelity.runner import PASSED, OutcomeResult
from tests.fidelity.source import CACHE_VARIABLE, SourceError, django_tests


def test_only_what_passed_in_one_database_can_be_lost():
    whole = {"a.T.one": PASSED, "a.T.two": PASSED, "a.T.three": PASSED, "a.T.four": "skipped: no"}
    split = {"a.T.one": PASSED, "a.T.two": "failure: no", "a.T.four": "failure: no"}
    figures = suite.compare(whole, split)
    assert figures.lost == {"a.T.three": "did not run", "a.T.two": "failure: no"}
    assert (figures.passed_whole, figures.passed_both) == (3, 1)
    assert figures.percent == pytest.approx(100 / 3)


def test_a_test_case_that_failed_to_set_up_gives_its_reason_for_each_test():
    split = {"setUpClass (a.tests.T)": "error: no table"}
    assert suite.compare({"a.tests.T.one": PASSED}, split).lost == {"a.tests.T.one": "error: no table"}


@pytest.fixture
def modules(tmp_path, monkeypatch):
    names = [f"m{number}" for number in range(10)]
    for name in names:
        (tmp_path / name).mkdir()
    monkeypatch.setattr(
        suite.modules, "GROUPS", (tuple(names[:6]), tuple(names[6:]), ("of another version",))
    )
    return names


def test_modules_that_this_django_lacks_are_left_out(tmp_path, modules):
    assert suite.groups_of(tmp_path, None, 1, "1") == [tuple(modules[:6]), tuple(modules[6:])]


def test_named_modules_share_a_process(tmp_path, modules):
    assert suite.groups_of(tmp_path, ["m8", "m1"], 1, "1") == [("m8", "m1")]


def test_the_seed_takes_a_part_of_the_modules(tmp_path, modules):
    def part(seed):
        return {name for group in suite.groups_of(tmp_path, None, 0.3, seed) for name in group}

    assert all(len(part(str(seed))) == 3 for seed in range(20))
    assert part("1") == part("1")
    assert set().union(*(part(str(seed)) for seed in range(40))) == set(modules)


class Samples(unittest.TestCase):
    """Not collected by its name: the tests below run it."""

    def __init__(self, method, after=None):
        super().__init__(method)
        self.after = after

    def tearDown(self):
        if self.after:
            raise self.after

    def passes(self):
        pass

    def fails(self):
        self.fail("no")

    def fails_in_a_part(self):
        with self.subTest(part=1):
            self.fail("no")
        with self.subTest(part=2):
            pass

    def skips(self):
        self.skipTest("not here")


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        (Samples("passes"), PASSED),
        (Samples("fails"), "failure: AssertionError: no"),
        (Samples("fails_in_a_part"), "failure: AssertionError: no"),
        (Samples("skips"), "skipped: not here"),
        (Samples("passes", after=OSError("lost")), "error: OSError: lost"),
    ],
)
def test_the_outcome_of_a_test_is_noted(test, outcome):
    result = OutcomeResult(unittest.runner._WritelnDecorator(StringIO()), False, 0)
    test.run(result)
    assert result.outcomes == {test.id(): outcome}


RUNTESTS = """
import os
ALWAYS_INSTALLED_APPS = []
def django_tests(**options):
    {body}
"""


@pytest.fixture
def run(tmp_path):
    """Runs a process over a folder whose ``runtests`` does what the body says."""

    def run(body, timeout=60):
        Path(tmp_path, "runtests.py").write_text(RUNTESTS.format(body=body))
        layout = Layout({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, {})
        processes = Processes(tmp_path, tmp_path, jobs=1, timeout=timeout)

        async def main():
            return await processes.run("tests", ("basic",), layout, "split0")

        return asyncio.run(main())

    return run


def test_a_process_hands_over_its_outcomes(run):
    body = "from tests.fidelity.runner import FidelityRunner; FidelityRunner.outcomes['t'] = options['test_labels'][0]"
    assert run(body) == {"t": "basic"}


def test_a_process_that_failed_shows_the_end_of_its_log(run):
    with pytest.raises(
        ProcessError, match=r"basic…: the process ended with status 1(.|\n)*ValueError: no tables"
    ):
        run("raise ValueError('no tables')")


def test_a_process_that_hangs_is_ended(run):
    with pytest.raises(ProcessError, match="was ended after 3 seconds"):
        run("print('began', flush=True); __import__('threading').Event().wait()", timeout=3)


def test_a_source_distribution_that_cannot_be_had_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(SourceError, match="Cannot download the source distribution of django=="):
        django_tests()
    assert not list(tmp_path.iterdir())


def test_layouts_travel_as_json():
    layout = Layout({"default": {"NAME": "a"}}, {"core": {"MODELS": ["b"]}})
    assert Layout(**json.loads(json.dumps(vars(layout)))) == layout
