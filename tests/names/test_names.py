"""Tables, columns, databases, schemas and aliases may be called anything that Django bears in one database."""

import os
from pprint import pformat

import pytest

from tests.databases import core_product, product
from tests.names.cases import case, plain_case
from tests.names.running import WRITING, in_one_database, split

# How many cases are drawn, or which: "100-119".
NAMES = os.environ.get("CAUSEWAY_TEST_NAMES") or "2"
FIRST, _, LAST = NAMES.rpartition("-")
SEEDS = range(int(FIRST), int(LAST) + 1) if FIRST else range(int(LAST))

# Where Django puts a name of theirs into statements as it is, one with a quotation mark is refused.
REFUSED = "Set another NAME under TEST."


READING = ("migrate", "before", "read", "look", "after", "act")
# By what the SQL of this library calls something itself.
WORDS = {"mark": "mapped", "author": "rows", "tag": "own_type", "article": "core_type", "label": "counted"}


@pytest.mark.parametrize("seed", SEEDS)
def test_any_name_is_as_in_one_database(seed, tmp_path):
    compare(case(seed, product(), core_product()), tmp_path)


def test_words_of_our_own_are_as_in_one_database(tmp_path):
    compare(plain_case(product(), **WORDS), tmp_path)


@pytest.mark.sqlite3
def test_percent_signs_are_borne_where_nothing_is_joined(tmp_path):
    drawn = plain_case(product(), article="x%article", author="%(a)s", comment="100%c")
    whole = in_one_database(drawn, tmp_path)
    assert whole["by_primary_key"][0] == "ok" and whole["joined_twice"][0] == "error"
    for _, found in split(drawn, tmp_path, "migrate", "before", "read", "after"):
        assert not different(found, whole)
        kind, said = found["joined_twice"][1:3]
        assert kind == "NotSupportedError"
        assert said.startswith("Cannot join by the name ")


def compare(drawn, folder):
    whole = in_one_database(drawn, folder, *WRITING)
    assert {whole[step][0] for step in ("migrate", "fill", "selected_related")} == {"ok"}, pformat(
        (drawn, whole)
    )
    for placement, found in split(drawn, folder, *READING, *WRITING):
        assert not different(found, whole), (
            f"{placement}: {pformat(drawn)}\n{pformat(different(found, whole))}"
        )


def different(found, whole):
    """The steps that do not come to what they come to in one database, or fail where that has no such step."""
    steps = {step: (found[step], whole.get(step)) for step in found if not is_right(step, found[step], whole)}
    if found["dumped_before"] != found["dumped_after"]:
        steps["reading"] = found["dumped_before"], found["dumped_after"]
    return steps


def is_right(step, outcome, whole):
    if step not in whole:
        return outcome[0] == "ok"
    is_borne = whole[step][0] == "ok"
    return not is_borne or outcome == whole[step] or (step == "in_test_databases" and REFUSED in str(outcome))
