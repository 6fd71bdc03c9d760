"""Any queryset over models of two homes finds what it finds where one database holds them all."""

import os
import re
from collections import Counter
from contextlib import contextmanager

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings

from tests.properties import querysets

# How many different querysets to compare; fewer on a developer's own machine.
QUERYSETS = int(os.environ.get("CAUSEWAY_TEST_QUERYSETS") or ("2100" if os.environ.get("CI") else "600"))
GRAMMARS = {
    "objects": querysets.shaped("objects"),
    "values": querysets.shaped("values"),
    "grouped": querysets.shaped("grouped"),
    "results": querysets.results,
    "combined": querysets.combined,
    "writes": querysets.writes,
}
SHARE = QUERYSETS // len(GRAMMARS)
SETTINGS = settings(
    # Some are drawn more than once: in long runs about every third.
    max_examples=3 * SHARE,
    database=None,
    deadline=None,
    derandomize=False,
    print_blob=True,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class Tally:
    """What the querysets were like: a comparison of nothing with nothing proves nothing."""

    def __init__(self, homes):
        self.homes = homes
        self.sources = set()
        self.counts = Counter()
        self.differs = False

    def is_enough(self):
        # Once there is a difference, hypothesis looks for a smaller one.
        return len(self.sources) >= SHARE and not self.differs

    def count(self, query, value, statements):
        self.sources.add(query.source)
        self.counts["raised"] += value == "raised"
        self.counts["found"] += has_rows(value)
        self.counts["spanning"] += any(map(self.is_spanning, statements))

    def is_spanning(self, sql):
        """Whether a statement over the models in one database names tables of both homes."""
        tables = re.findall(r"\bwhole_(\w+)", sql)
        return len({self.homes[table] for table in tables if table in self.homes}) > 1

    def share(self, what):
        return self.counts[what] / len(self.sources)


def has_rows(value):
    """Whether a value is more than nothing: a row, a number, something that is true."""
    if isinstance(value, dict):
        return any(map(has_rows, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_rows, value))
    return value not in {"None", "0", "False", "raised"}


@contextmanager
def statements():
    """The SQL sent meanwhile."""
    sent = []

    def keep(execute, sql, *rest):
        sent.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(keep):
        yield sent


@pytest.mark.django_db(databases=["default", "core"])
@pytest.mark.parametrize("grammar", GRAMMARS)
def test_a_queryset_comes_to_the_same_as_in_one_database(grammar, model_sets):
    split, whole = model_sets
    tally = Tally(split.homes())

    @SETTINGS
    @given(GRAMMARS[grammar](tuple(whole.models.values())))
    def compare(query):
        if query.source in tally.sources or tally.is_enough():
            return
        with statements() as sent:
            expected = whole.run(query)
        found = split.run(query)
        tally.differs |= found != expected
        assert found == expected
        tally.count(query, expected[0], sent)

    compare()
    assert tally.is_enough(), "Too many of the querysets were drawn more than once."
    assert tally.share("spanning") > 0.4
    assert tally.share("found") > 0.3
    assert tally.share("raised") < 0.25
