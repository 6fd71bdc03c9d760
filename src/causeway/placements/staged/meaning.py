"""Whether a condition means in core what it means in the child's database.

A condition is evaluated on core only where it holds there for every row for which it holds in the
child's database. It is evaluated here again, so it may hold for more.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import models
from django.db.models import lookups
from django.db.models.expressions import Col, Expression, Func, OrderBy, RawSQL
from django.db.models.functions import Collate, Now, Random
from django.db.models.sql import Query
from django.db.models.sql.where import XOR, ExtraWhere, NothingNode, WhereNode

from causeway.placements.staged.bytewise import OrderByBytes, by_bytes

COMPARISONS = (
    lookups.Exact,
    lookups.In,
    lookups.GreaterThan,
    lookups.GreaterThanOrEqual,
    lookups.LessThan,
    lookups.LessThanOrEqual,
    lookups.Range,
)
CONTAINMENTS = (lookups.Contains, lookups.StartsWith, lookups.EndsWith)
# Their values are compared in the same way by every engine.
ALIKE = (
    models.AutoField,
    models.BooleanField,
    models.DateField,  # and DateTimeField
    models.DurationField,
    models.IntegerField,
    models.UUIDField,
)
TEXT = (models.CharField, models.TextField)
# The child's database may have collations that core has not.
UNLIKE = (Collate, Now, Random, RawSQL, ExtraWhere, Query)
# MySQL has no other dates; the last year has to do for other time zones.
FIRST_YEAR, LAST_YEAR = 1000, 9998
# In 64 bits, where durations are numbers of microseconds.
LONGEST_SPAN = timedelta(days=100_000_000)
# SQLite takes patterns of 50,000 bytes; servers take statements of a certain length.
LONGEST_PATTERN, LONGEST = 10_000, 1_000_000
# What names a function where an expression is made.
NAMES = {"function", "template"}


def aliases_of(condition: Any) -> set[str]:
    """The aliases that a condition refers to, those of an outer query included."""
    return {node.alias for node in parts(condition) if isinstance(node, Col)}


def parts(condition: Any) -> list[Any]:
    """The condition and all it is made of; of a subquery, only that it is one."""
    found = [condition]
    for node in found:
        if isinstance(node, WhereNode):
            found += node.children
        elif hasattr(node, "get_source_expressions") and not isinstance(node, Query):
            found += [child for child in node.get_source_expressions() if child is not None]
    return found


def has_subquery(condition: Any) -> bool:
    return any(isinstance(node, (Query, ExtraWhere, RawSQL)) for node in parts(condition))


class Meaning:
    """What two databases agree on: the child's ``here`` and a core's ``there``."""

    def __init__(self, here: Any, there: Any) -> None:
        self.here = here
        self.there = there
        self.same_engine = here.ops.dialect() == there.ops.dialect()
        # The text of a moment is that in the time zone of its connection.
        self.same_text = (
            self.same_engine
            and here.timezone_name == there.timezone_name
            and (here.vendor == "sqlite" or here.ops.text_rules() == there.ops.text_rules())
        )
        # SQLite compares the bytes of texts in UTF-8, as PostgreSQL does if it is told to.
        self.by_bytes = (
            here.vendor == "sqlite" and there.vendor == "postgresql" and there.ops.keeps_texts_in_utf8()
        )

    def asked_there(self, condition: Any) -> Any:
        """What core is asked for in place of a condition; None where it cannot find all that matters."""
        if self.holds_there(condition):
            return condition
        is_text = self.by_bytes and self.is_given(condition) and is_on_plain_text(condition)
        return by_bytes(condition) if is_text else None

    def holds_there(self, condition: Any) -> bool:
        """Whether core may evaluate the condition."""
        if self.same_text:
            return not any(is_unlike(node) for node in parts(condition))
        return self._holds(condition, exactly=False)

    def is_same_there(self, condition: Any) -> bool:
        """Whether the condition holds in core for the same rows for which it holds in the child's database."""
        return self.holds_there(condition) if self.same_text else self._holds(condition, exactly=True)

    def _holds(self, condition: Any, exactly: bool) -> bool:
        if isinstance(condition, WhereNode):
            if condition.connector == XOR:
                # Some engines have it, and find NULL where Django's way about finds a truth value.
                return False
            exactly = exactly or condition.negated
            return all(self._holds(child, exactly) for child in condition.children)
        if isinstance(condition, NothingNode):
            return True
        if not isinstance(condition, lookups.Lookup) or not isinstance(condition.lhs, Col):
            return False
        if hasattr(condition.rhs, "resolve_expression"):
            return False
        return self.holds_of_column(condition, condition.lhs.output_field, exactly)

    def holds_of_column(self, lookup: Any, field: Any, exactly: bool) -> bool:
        """Whether a condition on a column with a value may be evaluated on core."""
        if not is_djangos(lookup):
            return False
        if isinstance(lookup, lookups.IsNull):
            return True
        field = target_of(field)
        if not is_djangos(field) or not self.is_given(lookup):
            return False
        if isinstance(lookup, COMPARISONS) and isinstance(field, ALIKE):
            return True
        # Equal texts are equal under every collation; under some, others are as well.
        # (Those that ignore the case derive from those that do not.)
        equal = type(lookup) in {lookups.Exact, lookups.In, *CONTAINMENTS}
        return equal and isinstance(field, TEXT) and not exactly and self.finds_more_texts(lookup)

    def is_given(self, lookup: Any) -> bool:
        """Whether core can be given the values of a condition, which the child's database may take, and find nothing."""
        value = getattr(lookup, "rhs", None)
        values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        longest = LONGEST_PATTERN if isinstance(lookup, lookups.PatternLookup) else LONGEST
        return all(self.there.ops.takes(each) and is_usual(each, longest) for each in values)

    def finds_more_texts(self, lookup: Any) -> bool:
        """Whether core finds the texts that the child's database finds, and perhaps more."""
        if type(lookup) in CONTAINMENTS:
            # LIKE is for SQLite the same in either case, for the others it is not.
            return bool(self.here.vendor != "sqlite" or self.there.vendor == "sqlite")
        return bool(self.here.vendor != "mysql")

    def order_there(self, column: Col, *, descending: bool = False) -> OrderBy | None:
        """The order in which core has rows as the child's database orders them by a column; None if it cannot."""
        field = target_of(column.target)
        if self.same_text or (isinstance(field, ALIKE) and is_djangos(field)):
            return OrderBy(column, descending=descending)
        return OrderByBytes(column, descending=descending) if self.by_bytes and is_plain_text(field) else None


def is_usual(value: Any, longest: int) -> bool:
    """Whether a value is within what every engine has of its type, in any time zone."""
    if isinstance(value, date):
        return FIRST_YEAR <= value.year <= LAST_YEAR
    if isinstance(value, timedelta):
        return abs(value) <= LONGEST_SPAN
    return not isinstance(value, str) or len(value) <= longest


def target_of(field: Any) -> Any:
    """The field that a foreign key refers to in the end; any other field itself."""
    while field.remote_field and getattr(field, "target_field", None):
        field = field.target_field
    return field


def is_plain_text(field: Any) -> bool:
    """Whether a column holds texts that are compared by the rules of its database."""
    return isinstance(field, TEXT) and is_djangos(field) and not field.db_collation


def is_on_plain_text(condition: Any) -> bool:
    """Whether a condition is a lookup of Django's on a column that holds such texts."""
    if not isinstance(condition, lookups.Lookup) or not isinstance(condition.lhs, Col):
        return False
    return is_djangos(condition) and is_plain_text(target_of(condition.lhs.output_field))


def is_unlike(node: Any) -> bool:
    """Whether a part of a condition may mean something else on another server of the same engine, or of other rows."""
    return bool(getattr(node, "contains_aggregate", False)) or is_of_server(node)


def is_of_server(node: Any) -> bool:
    """Whether a part of an expression may mean something else on another server of the same engine."""
    if isinstance(node, UNLIKE):
        return True
    if isinstance(node, Func) and (type(node) is Func or not NAMES.isdisjoint(node.extra)):
        # A function of the database's own, by its name.
        return True
    return isinstance(node, Expression) and not isinstance(node, Col) and not is_djangos(node)


def is_djangos(thing: Any) -> bool:
    # A project's own may have been told apart by the name of an engine, or need a function there.
    return type(thing).__module__.startswith(("django.db.models.", "django.contrib.gis.db.models."))
