from itertools import pairwise

import pytest

from tests.fidelity.split import ModelFacts, draw

SEEDS = [str(number) for number in range(200)]


def model(name, table=None, own_tables=(), targets=()):
    return ModelFacts(f"app.{name}", table or f"app_{name.lower()}", own_tables, targets)


def test_a_seed_always_draws_the_same_split():
    # The very split: whoever draws by the same rule must come to the same figures.
    models = [model(f"M{number}") for number in range(12)]
    assert draw(models, "1") == ["app.M2", "app.M5"]
    assert draw(reversed(models), "1") == ["app.M2", "app.M5"]


def test_about_half_of_the_models_live_in_core():
    models = [model(f"M{number}") for number in range(400)]
    assert 160 < len(draw(models, "1")) < 240


@pytest.mark.parametrize(
    "namesakes",
    [
        [model("One", "shared"), model("Two", "SHARED")],
        [model("Owner", own_tables=("app_owner_tags",)), model("Row", "app_owner_tags")],
    ],
)
def test_models_of_one_table_share_a_home(namesakes):
    sizes = {len(draw(namesakes, seed)) for seed in SEEDS}
    assert sizes == {0, 2}


CHAIN = [
    model("Child", targets=("app.Parent", "auth.User")),
    model("Parent", targets=("app.Grandparent",)),
    model("Grandparent"),
    model("Copy", "APP_GRANDPARENT", targets=("app.Origin",)),
    model("Origin"),
]


def test_core_may_refer_to_local_models():
    drawn = [set(draw(CHAIN, seed)) for seed in SEEDS]
    assert any("app.Child" in core and "app.Parent" not in core for core in drawn)


def test_a_closed_core_refers_to_itself_alone():
    drawn = [set(draw(CHAIN, seed, closed=True)) for seed in SEEDS]
    for first, second in pairwise(["app.Child", "app.Parent", "app.Grandparent", "app.Copy", "app.Origin"]):
        assert all(second in core for core in drawn if first in core)
    assert any("app.Child" not in core and core for core in drawn)
