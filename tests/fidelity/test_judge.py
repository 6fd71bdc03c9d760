import argparse

import django
import pytest

from tests.fidelity import judge
from tests.fidelity.losses import DJANGO_VERSIONS, Loss
from tests.fidelity.suite import Figures

LOST = "queries.tests.PromotionTests.test_one"
VERSION = "{}.{}".format(*django.VERSION)


def figures(passed=6000, lost=(LOST,)):
    return Figures(passed, dict.fromkeys(lost, "failure: AssertionError: no"))


def loss(test, *engines, versions=DJANGO_VERSIONS):
    return Loss(test, frozenset(engines), frozenset(versions), "a reason")


def verdict(figures, *known, engine="sqlite3", whole_suite=True):
    return judge.verdict(figures, engine, list(known), whole_suite=whole_suite)


@pytest.mark.parametrize("test", [LOST, "queries.tests.PromotionTests.*", "queries.*"])
def test_a_listed_loss_is_no_objection(test):
    assert verdict(figures(), loss(test, "sqlite3")) == []


@pytest.mark.parametrize(
    "known",
    [
        [],
        [loss(LOST, "mysql")],
        [loss(LOST, "sqlite3", versions=set(DJANGO_VERSIONS) - {VERSION})],
        [loss("queries.tests.PromotionTests.test", "sqlite3")],
        [loss("query*", "sqlite3")],
    ],
)
def test_a_loss_that_is_not_listed_is_named(known):
    (objection,) = verdict(figures(), *known)
    assert LOST in objection


@pytest.mark.parametrize(("engine", "lost", "good"), [
    ("sqlite3", 11, False),
    ("sqlite3", 10, True),
    ("mysql", 41, False),
    ("mysql", 40, True),
    ("postgresql", 41, False),
    ("postgresql", 40, True),
])  # fmt: skip
def test_each_engine_has_its_limit(engine, lost, good):
    run = figures(10_000, [f"queries.test_{number}" for number in range(lost)])
    assert (verdict(run, loss("queries.*", engine), engine=engine) == []) is good


def test_a_part_that_did_not_run_is_an_objection():
    (objection,) = verdict(figures(4000, ()))
    assert "did not run" in objection


def test_a_part_that_was_asked_for_is_judged_by_its_losses_alone():
    few = figures(10)
    assert verdict(few, loss(LOST, "sqlite3"), whole_suite=False) == []
    (objection,) = verdict(few, whole_suite=False)
    assert LOST in objection


@pytest.mark.parametrize("word", ["0", "1.5", "-1", "half"])
def test_a_bad_part_gets_a_sentence(word):
    with pytest.raises(argparse.ArgumentTypeError, match="must be over 0 and at most 1"):
        judge.fraction(word)


def test_each_run_draws_a_split_of_its_own():
    seeds = {judge.arguments([]).seed for _ in range(20)}
    assert len(seeds) > 1
