from pathlib import Path

import pytest

from tests.fidelity import judge

LOST = "queries.tests.PromotionTests.test_one"


def figures(**changed):
    return {"passed_whole": 6000, "percent": 99.99, "lost": [[LOST, "fail: AssertionError"]], **changed}


def loss(test, *engines):
    return judge.Loss(test, frozenset(engines), "a reason")


@pytest.mark.parametrize("test", [LOST, "queries.tests.PromotionTests.*", "queries.*"])
def test_a_listed_loss_is_no_objection(test):
    assert judge.verdict(figures(), "sqlite3", [loss(test, "sqlite3")]) == []


@pytest.mark.parametrize(
    "known",
    [
        [],
        [loss(LOST, "mysql")],
        [loss("queries.tests.PromotionTests.test", "sqlite3")],
        [loss("query*", "sqlite3")],
    ],
)
def test_a_loss_that_is_not_listed_is_named(known):
    (objection,) = judge.verdict(figures(), "sqlite3", known)
    assert LOST in objection


@pytest.mark.parametrize(("engine", "percent", "good"), [
    ("sqlite3", 99.79, False),
    ("sqlite3", 99.80, True),
    ("mysql", 99.49, False),
    ("mysql", 99.50, True),
])  # fmt: skip
def test_each_engine_has_its_limit(engine, percent, good):
    objections = judge.verdict(figures(percent=percent, lost=[]), engine, [])
    assert (objections == []) is good


def test_a_part_that_did_not_run_is_an_objection():
    (objection,) = judge.verdict(figures(passed_whole=4000, lost=[]), "sqlite3", [])
    assert "did not run" in objection


def test_the_list_of_known_losses_is_readable():
    judge.known_losses(judge.KNOWN_LOSSES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[loss]]\ntest = 'a'\n", "must have test, engines and reason"),
        ("[[loss]]\ntest = 'a'\nengines = ['oracle']\nreason = 'b'\n", "engines must be some of"),
        ("[[loss]]\ntest = 'a'\nengines = ['mysql']\nreason = ''\n", "must not be empty"),
        ("[[loss]]\ntest = '*'\nengines = ['mysql']\nreason = 'b'\n", "must not be empty"),
        ("[[loss]\n", "line 1"),
    ],
)
def test_a_bad_entry_gets_a_sentence(tmp_path: Path, text, message):
    file = tmp_path / "losses.toml"
    file.write_text(text)
    with pytest.raises(judge.Unreadable, match=message):
        judge.known_losses(file)
