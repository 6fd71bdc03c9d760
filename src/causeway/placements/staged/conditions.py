"""The conditions of a write on the written rows themselves: they are to hold when these are written.

The keys of the rows are found before, and meanwhile another may write them: of several workers that
claim a row by an update one gets it. What conditions say of other tables is as it was found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import BooleanField
from django.db.models.expressions import Col, Expression
from django.db.models.functions import Random
from django.db.models.lookups import Exact, IsNull
from django.db.models.sql.where import AND, OR, WhereNode

from causeway.backends.base.columns import kind, stored
from causeway.placements.staged.meaning import Meaning, aliases_of, has_subquery, parts

# Columns whose values are told apart by comparing them with what was read.
COMPARED = {
    *(
        "AutoField",
        "BigAutoField",
        "BigIntegerField",
        "BooleanField",
        "CharField",
        "DateField",
        "DateTimeField",
    ),
    *("DecimalField", "DurationField", "IntegerField", "PositiveBigIntegerField", "PositiveIntegerField"),
    *(
        "PositiveSmallIntegerField",
        "SlugField",
        "SmallAutoField",
        "SmallIntegerField",
        "TextField",
        "TimeField",
    ),
    "UUIDField",
}


class Truth(Expression):
    """A condition as a value that is selected."""

    def __init__(self, condition: Any) -> None:
        super().__init__(BooleanField(null=True))
        self.condition = condition

    def get_source_expressions(self) -> list[Any]:
        return [self.condition]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        sql: tuple[str, Any] = compiler.compile(self.condition)
        return sql


class Found(Expression):
    """What a condition was found to be; None where that is unknown."""

    def __init__(self, truth: bool | None) -> None:
        super().__init__(BooleanField(null=True))
        self.truth = truth

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        # Django takes a condition that is always met for one that decides a XOR.
        return "NULL" if self.truth is None else "1 = 1" if self.truth else "1 = 0", ()


class OwnConditions:
    """Those of a query on its base table, whose rows are found in the child's database and written on ``target``.

    ``mapped`` are the columns whose ids of content types are others there. ``asked`` are the conditions on other
    tables of which it matters whether they hold. The columns in ``compared`` are to have the values that were read:
    the databases do not agree on what the conditions on them mean.
    """

    def __init__(self, query: Any, here: Any, target: Any, mapped: Collection[str]) -> None:
        self.where: Any = query.where
        self.alias: str = query.get_initial_alias()
        self.target = target
        self.meaning = None if target is here else Meaning(here, target)
        self.mapped = mapped
        self.kept: set[int] = set()
        self.asked: list[Any] = []
        self.compared: dict[str, Col] = {}
        for condition, is_certain in conditions_in(self.where, is_certain=True):
            self.sort(condition, is_certain=is_certain)
        if not self:
            self.asked = []

    def sort(self, condition: Any, *, is_certain: bool) -> None:
        """Note what is to become of a condition. One that is certain holds for each row that is found."""
        if self.is_own(condition):
            if self.meaning is None or self.meaning.is_same_there(condition):
                self.kept.add(id(condition))
                return
            for part in parts(condition):
                if isinstance(part, Col) and kind(stored(part.target), self.target) in COMPARED:
                    self.compared[str(part.target.column)] = part
        if not is_certain:
            self.asked.append(condition)

    def is_own(self, condition: Any) -> bool:
        """Whether a condition is on the row that is written, and nothing else."""
        if aliases_of(condition) != {self.alias} or has_subquery(condition):
            return False
        if condition.contains_aggregate or condition.contains_over_clause:
            return False
        return not any(
            isinstance(part, Random) or (isinstance(part, Col) and part.target.column in self.mapped)
            for part in parts(condition)
        )

    def __bool__(self) -> bool:
        return bool(self.kept or self.compared)

    def conditions(self, truths: Iterable[tuple[Any, ...]], values: Iterable[Any]) -> WhereNode:
        """The conditions for rows that were found with these truths and these values of the columns compared.

        A row is found several times, with several truths, where several rows of another table are joined with it.
        """
        either = [
            self.with_truths(self.where, dict(zip(map(id, self.asked), found, strict=True)))
            for found in truths
        ]
        compared: list[Any] = [
            IsNull(column, True) if value is None else Exact(column, value)
            for column, value in zip(self.compared.values(), values, strict=True)
        ]
        return WhereNode([WhereNode(either, OR), *compared], AND)

    def with_truths(self, condition: Any, truths: dict[int, Any]) -> Any:
        if isinstance(condition, WhereNode):
            children = [self.with_truths(child, truths) for child in condition.children]
            return WhereNode(children, condition.connector, condition.negated)
        return condition if id(condition) in self.kept else Found(truths.get(id(condition), True))


def conditions_in(condition: Any, *, is_certain: bool) -> Iterator[tuple[Any, bool]]:
    """The conditions of which one is made, each with whether it holds where that one does."""
    if not isinstance(condition, WhereNode):
        yield condition, is_certain
        return
    is_certain &= not condition.negated and (condition.connector == AND or len(condition.children) == 1)
    for child in condition.children:
        yield from conditions_in(child, is_certain=is_certain)
