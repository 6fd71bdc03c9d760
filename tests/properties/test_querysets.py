"""Any queryset over models of two homes finds what it finds where one database holds them all."""

import os
import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests import databases
from tests.properties import asked, graph, querysets
from tests.properties.roads import roads, taken

# How many different querysets to compare; fewer on a developer's own machine.
QUERYSETS = int(os.environ.get("CAUSEWAY_TEST_QUERYSETS") or ("2100" if os.environ.get("CI") else "600"))
GRAMMARS = {
    "objects": querysets.shaped("objects"),
    "values": querysets.shaped("values"),
    "grouped": querysets.shaped("grouped"),
    "pages": querysets.shaped("page"),
    "texts": querysets.shaped("text"),
    "results": asked.results,
    "combined": asked.combined,
    "writes": asked.writes,
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


class Difference(AssertionError):
    """A queryset comes to something else than it does in one database."""

    def __str__(self):
        (found, rows), (expected, rows_expected) = self.args
        both = isinstance(rows, dict) and isinstance(rows_expected, dict)
        tables = [name for name in rows if rows[name] != rows_expected[name]] if both else []
        afterwards = "".join(
            f"\nafterwards in {name} {rows[name]}\nexpected {rows_expected[name]}" for name in tables
        )
        if not both:
            return f"found {self.args[0]}\nexpected {self.args[1]}"
        return f"found {found}\nexpected {expected}{afterwards}"


# What an engine refuses over tables of its own, but not where the rows of core are found first.
LIMITS = [
    "1093",  # MySQL writes no table that the statement reads.
    "FOR UPDATE cannot be applied to the nullable side of an outer join",
    # Django puts an aggregate there in one UPDATE; the keys of such rows are found by a SELECT.
    "aggregate functions are not allowed in WHERE",
]

# Models whose columns are in part those of one table.
INHERITED = [{"Port", "Haven"}, {"Ship", "Ferry"}]

WRONG_SQL = {"OperationalError", "ProgrammingError"}
# The methods after which one row stands for all that are equal to it.
CHOOSING = r"\.(union|intersection|difference|distinct|annotate|aggregate|earliest|latest)\("


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

    def is_new(self, query):
        """Whether to compare it; from now on, it is known."""
        if self.is_enough() or (query.source in self.sources and not self.differs):
            return False
        self.sources.add(query.source)
        return True

    def count(self, value, statements):
        self.counts["raised"] += value == "raised"
        self.counts["found"] += has_rows(value)
        self.counts["spanning"] += any(len(self.homes_in(sql)) > 1 for sql in statements)

    def homes_in(self, sql):
        """The homes of the tables that a statement over models of one database names."""
        tables = re.findall(r"\b(?:core_)?whole_(\w+)", sql)
        return {self.homes[table] for table in tables if table in self.homes}

    def only_core(self, statements):
        """Whether they all name core tables alone; None if some do and others do not."""
        only_core = {homes == {"core"} for sql in statements if (homes := self.homes_in(sql))}
        return only_core.pop() if len(only_core) == 1 else None

    def share(self, what):
        return self.counts[what] / len(self.sources)


def has_rows(value):
    """Whether a value is more than nothing: a row, a number, something that is true."""
    if isinstance(value, dict):
        return any(map(has_rows, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(has_rows, value))
    return value not in {"None", "0", "False", "raised"}


def writes_core(query):
    """Whether a query writes columns of core tables."""
    model = re.match(r"\W*(\w+)\.objects", query.source)
    return query.writes and model is not None and model[1] in {*graph.CORE, "Ferry"}


def reads_what_it_writes(query):
    """Whether an update takes values from a subquery on rows of the table that it writes."""
    model = re.match(r"\W*(\w+)\.objects.*\.update\(", query.source)
    if model is None:
        return False
    one_table = next((names for names in INHERITED if model[1] in names), {model[1]})
    written = query.source[query.source.rindex(".update(") :]
    return not one_table.isdisjoint(re.findall(r"Subquery\((\w+)\.objects", written))


def are_same(found, expected, query):
    """Whether two outcomes are the same, but for what no engine promises."""
    if databases.core_product() != databases.product() and expected[0] == "raised":
        # Engines differ in what they call SQL that is wrong, as Django's sometimes is.
        return found == expected or (found[0] == "raised" and {found[1], expected[1]} <= WRONG_SQL)
    if databases.engine() == "mysql" and re.search(CHOOSING, query.source):
        # Of texts that differ in case alone, MySQL shows any.
        return in_one_case(found, query) == in_one_case(expected, query)
    if not query.ordered and "prefetch_related" in query.source:
        # A prefetched row that several rows share leads back to the last of them.
        return without_ways_back(found) == without_ways_back(expected)
    return found == expected


def without_ways_back(outcome, models=()):
    """An outcome in which a row that leads back, by no key of its own, leads to a model in place of one of its rows."""
    if isinstance(outcome, dict) and "row" in outcome:
        within = (*models, model_of(outcome))
        related = {
            name: model_of(value)
            if f"{name}_id" not in outcome["attributes"] and model_of(value) in within
            else without_ways_back(value, within)
            for name, value in outcome["related"].items()
        }
        return {**outcome, "related": related}
    if isinstance(outcome, (list, tuple)):
        return sorted((without_ways_back(each, models) for each in outcome), key=repr)
    return outcome


def model_of(value):
    """The model of a single row, which may be there by its name alone; None of anything else."""
    row = value.get("row") if isinstance(value, dict) else value
    return row.partition(" ")[0] if isinstance(row, str) else None


def in_one_case(outcome, query):
    """An outcome in lower case, with its words counted where the query has no order."""
    text = repr(outcome).lower()
    # An unordered list was sorted in the case it had.
    return text if query.ordered else Counter(re.findall(r"[^\[\](){}, ]+", text))


class Reference:
    """What a query comes to in one database: the child's, and for what core is asked alone, core's."""

    def __init__(self, model_sets, tally):
        self.whole = model_sets.whole
        self.core_whole = model_sets.core_whole
        self.tally = tally

    def outcome(self, query):
        """The outcome; None where it cannot be told."""
        expected = self.whole.run(query)
        if any(limit in str(self.whole.error) for limit in LIMITS):
            return None
        if databases.engine() == "sqlite3" and reads_what_it_writes(query):
            # SQLite reckons the value of each row after it has written those before, in the order in which it finds them.
            return None
        if databases.core_product() == databases.product():
            return expected
        in_core = self.core_whole.run(query)
        if in_core == expected:
            return expected
        if writes_core(query):
            # Its condition is the child's engine's, what it reckons of the row itself is core's.
            return None
        # Two engines differ in the order of texts, in what they call equal, in what they support.
        only_core = self.tally.only_core([*self.whole.sent, *self.core_whole.sent])
        return {True: in_core, False: expected, None: None}[only_core]


@pytest.mark.django_db(databases=["default", "core"])
@pytest.mark.parametrize("grammar", GRAMMARS)
def test_a_queryset_comes_to_the_same_as_in_one_database(grammar, model_sets):
    split = model_sets.split
    tally = Tally(split.homes())
    reference = Reference(model_sets, tally)

    @SETTINGS
    @given(GRAMMARS[grammar](tuple(model_sets.whole.models.values())), roads())
    def compare(query, road):
        if not tally.is_new(query):
            return
        expected = reference.outcome(query)
        if expected is None:
            tally.counts["untold"] += 1
            return
        with taken(road):
            found = split.run(query)
        if not are_same(found, expected, query):
            tally.differs = True
            raise Difference(found, expected) from split.error
        tally.count(expected[0], model_sets.whole.sent)

    compare()
    assert tally.is_enough(), "Too many of the querysets were drawn more than once."
    assert tally.share("spanning") > 0.2
    assert tally.share("found") > 0.2
    assert tally.share("raised") < 0.25
    assert tally.share("untold") < 0.2
