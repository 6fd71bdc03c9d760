import argparse

import django
import pytest

from tests.fidelity import judge
from tests.fidelity.losses import CONDITIONS, Loss, Run
from tests.fidelity.suite import Figures

LOST = "queries.tests.PromotionTests.test_one"
VERSION = "{}.{}".format(*django.VERSION)


def figures(passed=6000, lost=(LOST,)):
    return Figures(passed, dict.fromkeys(lost, "failure: AssertionError: no"))


def loss(test, outcomes=(), **conditions):
    return Loss((test,), "a reason", outcomes=outcomes, **{**CONDITIONS, **conditions})


def verdict(
    figures, *known, placement="linked", engine="sqlite3", core_engine=None, closed=False, whole_suite=True
):
    run = Run(placement, engine, core_engine or engine, VERSION)
    return judge.verdict(figures, run, list(known), closed=closed, whole_suite=whole_suite)


@pytest.mark.parametrize("test", [LOST, "queries.tests.PromotionTests.*", "queries.*"])
def test_a_listed_loss_is_no_objection(test):
    assert verdict(figures(), loss(test)) == []


def test_a_loss_is_listed_for_what_became_of_the_test():
    assert verdict(figures(), loss(LOST, outcomes=("IndexError", "AssertionError: no"))) == []


@pytest.mark.parametrize(
    "known",
    [
        [],
        [loss(LOST, engines={"mysql"})],
        [loss(LOST, core_engines={"mysql"})],
        [loss(LOST, placements={"staged"})],
        [loss(LOST, django=set(CONDITIONS["django"]) - {VERSION})],
        [loss(LOST, outcomes=("IndexError",))],
        [loss("queries.tests.PromotionTests.test")],
        [loss("query*")],
    ],
)
def test_a_loss_that_is_not_listed_is_named(known):
    (objection,) = verdict(figures(), *known)
    assert LOST in objection


@pytest.mark.parametrize(("run", "least"), [
    ({"engine": "sqlite3"}, 9990),
    ({"engine": "mysql"}, 9990),
    ({"engine": "mariadb"}, 9960),
    ({"engine": "postgresql"}, 9960),
    ({"placement": "staged", "closed": True}, 9900),
    ({"placement": "staged", "closed": False}, 9890),
    ({"placement": "staged", "closed": True, "core_engine": "mysql"}, 9730),
])  # fmt: skip
def test_each_kind_of_run_has_its_limit(run, least):
    for passed in (least, least - 1):
        lost = [f"queries.test_{number}" for number in range(10_000 - passed)]
        assert (verdict(figures(10_000, lost), loss("queries.*"), **run) == []) is (passed == least)


def test_a_part_that_did_not_run_is_an_objection():
    (objection,) = verdict(figures(4000, ()))
    assert "did not run" in objection


def test_a_part_that_was_asked_for_is_judged_by_its_losses_alone():
    few = figures(10)
    assert verdict(few, loss(LOST), whole_suite=False) == []
    (objection,) = verdict(few, whole_suite=False)
    assert LOST in objection


@pytest.mark.parametrize("word", ["0", "1.5", "-1", "half"])
def test_a_bad_part_gets_a_sentence(word):
    with pytest.raises(argparse.ArgumentTypeError, match="must be over 0 and at most 1"):
        judge.fraction(word)


def test_each_run_draws_a_split_of_its_own():
    seeds = {judge.arguments([]).seed for _ in range(20)}
    assert len(seeds) > 1
