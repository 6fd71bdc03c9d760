import pytest

from tests.databases import SQLiteDatabases
from tests.fidelity.losses import CONDITIONS, Loss, known_losses
from tests.fidelity.suite import Figures
from tests.packages import judge
from tests.packages.catalog import Package, packages
from tests.packages.splits import SPLITS
from tests.packages.suites import PackageSuite

SEEDS = [str(number) for number in range(60)]
LOST = "tests/test_one.py::OneTests::test_one"


def model(label):
    return {
        "label": label,
        "table": label.lower().replace(".", "_"),
        "own_tables": [],
        "targets": [],
    }


FACTS = {
    "models": [
        model(f"{app}.{name}")
        for app in ("auth", "contenttypes", "pages", "docs", "tests")
        for name in "ABCD"
    ],
    "migrated": ["auth", "contenttypes", "docs", "pages"],
}
PACKAGE = Package("pages", "1", ("pages",), ("tests",), together=(("pages", "docs"),))


def half(seed):
    return SPLITS["half"](PACKAGE, FACTS, seed)


def test_an_app_with_a_history_has_one_home():
    labels = {label for seed in SEEDS for label in half(seed)}
    assert labels == {"auth", "contenttypes", "pages", "docs", *(f"tests.{name}" for name in "ABCD")}


def test_labels_that_belong_together_have_one_home():
    for labels in map(set, map(half, SEEDS)):
        assert {"pages", "docs"} <= labels or not {"pages", "docs"} & labels
        assert {"auth", "contenttypes"} <= labels or not {"auth", "contenttypes"} & labels


def test_a_seed_always_draws_the_same_half():
    assert half("1") == half("1")
    assert len({tuple(half(seed)) for seed in SEEDS}) > 10


def verdict(placement, passed, *known):
    run = judge.run_of(placement, "sqlite3", "sqlite3")
    return judge.verdict("pages", Figures(passed, {LOST: "call: AssertionError: no"}), run, list(known))


def test_linked_a_lost_test_must_be_listed():
    (objection,) = verdict("linked", 5000)
    assert objection == f"not listed: pages::{LOST} (call: AssertionError: no)"
    assert verdict("linked", 5000, Loss((f"pages::{LOST}",), "a reason", **CONDITIONS)) == []


@pytest.mark.parametrize(("passed", "is_good"), [(100, True), (99, False)])
def test_staged_the_percentage_is_judged(passed, is_good):
    assert (verdict("staged", passed) == []) is is_good


def test_a_suite_in_which_nothing_passes_did_not_run():
    run = judge.run_of("linked", "sqlite3", "sqlite3")
    assert judge.verdict("pages", Figures(0, {}), run, [])


def test_a_suite_that_does_not_run_on_an_engine_is_not_judged_there(tmp_path, capsys):
    databases = SQLiteDatabases(tmp_path)
    package = Package("pages", "1", ("pages",), ("tests",), engines=("postgresql",))
    suite = PackageSuite(package, databases, databases, tmp_path)
    assert judge.judge_package(suite, judge.arguments([]), [])
    assert "pages, whose suite does not run on sqlite3" in capsys.readouterr().out


def test_each_known_loss_is_of_a_package():
    for loss in known_losses(judge.KNOWN_LOSSES):
        assert {test.split("::")[0] for test in loss.tests} <= packages().keys()
