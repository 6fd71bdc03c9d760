"""Which rows one alias of a staged table may need, and the cheapest way to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models.expressions import Col
from django.db.models.lookups import In, Range

from causeway.exceptions import TooManyStagedRows
from causeway.placements.staged.content_types import RestrictionThere, is_mapped
from causeway.placements.staged.core import Core, in_chunks
from causeway.placements.staged.keys import MOST_KEYS, KeySource, key_sources
from causeway.placements.staged.lock import lock_as
from causeway.placements.staged.meaning import aliases_of, has_subquery, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models.sql import Query

    from causeway.placements.staged.planner import Planner
    from causeway.placements.staged.tree import Tree

# A range of keys is asked for instead, where at least one in so many of it is wanted.
SPARSE = 2


class Want:
    """The rows that one alias of a staged table may need."""

    def __init__(self, planner: Planner, tree: Tree, alias: str) -> None:
        self.planner = planner
        self.tree = tree
        self.alias = alias
        self.home = str(tree.homes[alias])
        self.supply = planner.supply_of(tree, alias)
        self.estimate: int | None = None
        self.core: Core = planner.core(self.home)
        self.component = tree.component(alias, tree.aliases_of_home(self.home))
        meaning = planner.meaning(self.home)
        # What core is asked for in place of those of the statement that are on it alone.
        self.conditions = [
            there
            for condition in tree.conditions
            if self.is_of_component(condition)
            and not has_subquery(condition)
            and not self.is_mapped(condition)
            and (there := meaning.asked_there(condition)) is not None
        ]

    def is_of_component(self, condition: Any) -> bool:
        """Whether a condition holds for the core rows joined with this alias, and for them alone."""
        named = aliases_of(condition)
        return bool(named) and named.issubset(self.component) and all(map(self.tree.is_strict, named))

    def is_mapped(self, condition: Any) -> bool:
        """Whether a condition is on ids of content types, which core has others of."""
        return any(isinstance(part, Col) and is_mapped(part.target) for part in parts(condition))

    def satisfy(self) -> None:
        """Fetch the rows, if not all are there already."""
        if self.supply.rows and not self.supply.has_key:
            # Which of them are the same as others that are fetched for another alias, nothing tells.
            self.supply.rows.clear()
            self.conditions = []
            if not self.take_all(self.estimated()):
                raise self.core.too_many(str(self.supply.table))
        if not self.supply.is_whole or self.alias in self.planner.statement.locked:
            self.fetch()
        self.tree.placed.add(self.alias)

    def fetch(self) -> None:
        """Fetch the rows."""
        few = self.planner.few
        for source in self.key_sources() if self.planner.joined else ():
            if source.known is not None and (keys := source.keys(few)) is not None:
                return self.take_by_keys(source, keys, "those of the page")
        # The child's keys cost no trip to core, its own conditions no statement here.
        if self.conditions and self.take_few(few):
            return None
        sources = self.key_sources()
        for source in sources:
            if (keys := source.keys(few)) is not None:
                return self.take_by_keys(source, keys, f"no more than {few}")
        if any(top_n(self.planner, self).take() for top_n in self.planner.top_n_classes):
            return None
        size = self.estimated()
        if size > few and self.take_fewer(sources, size):
            return None
        if not self.take_all(size):
            self.take_by_any_keys(sources)
        return None

    def take_fewer(self, sources: list[KeySource], size: int) -> bool:
        """Fetch the rows by keys, if these are fewer than the about ``size`` rows there are otherwise."""
        for source in sources:
            keys = source.for_core()
            if keys is not None and len(keys) < size:
                self.take_by_keys(source, keys, f"fewer than the about {size} rows there are otherwise")
                return True
        return False

    def take_all(self, size: int) -> bool:
        """Fetch the rows that the core side's own conditions leave; False if they are more than may be staged."""
        whole = self.unlocked_query(self.conditions)
        # Estimates may be far too high, or too low.
        if size > self.core.most and self.core.count(whole) > self.core.most:
            return False
        before = self.supply.copied()
        try:
            if not (self.is_alone() and self.planner.ship(self)):
                self.add(self.core.fetch(self.query()))
        except TooManyStagedRows:
            self.core.forget_size(self.supply.table)
            self.supply.restore(before)
            return False
        self.supply.is_whole = not self.conditions
        how = f"by its own conditions, which leave about {size}" if self.conditions else "the whole table"
        self.supply.steps.append(f"{how}: nothing reduces it further")
        return True

    def take_by_any_keys(self, sources: list[KeySource]) -> None:
        """Fetch the rows by keys, however many these are: other rows than the query needs are no reason to refuse it.

        Raises TooManyStagedRows where there are no such keys, or their rows are too many.
        """
        # Some may have no row.
        most = 2 * self.core.most + MOST_KEYS
        found = [
            (keys, source) for source in sources if (keys := source.keys(most, distinct=True)) is not None
        ]
        if not found:
            raise self.core.too_many(str(self.supply.table))
        keys, source = min(found, key=lambda pair: len(pair[0]))
        self.take_by_keys(source, keys, "as all others would be too many")

    def add(self, rows: Any) -> None:
        """Add rows to those that are staged. Raises TooManyStagedRows."""
        self.supply.add(rows)
        if self.planner.execution.report.number_staged(self.supply) > self.core.most:
            raise self.core.too_many(str(self.supply.table))

    def is_alone(self) -> bool:
        """Whether these are all rows that the statement needs of the table, none of them to be locked."""
        aliases = self.planner.aliases_of(self.supply.table)
        is_locked = not self.planner.statement.locked.isdisjoint(aliases)
        return not is_locked and not (self.conditions and len(aliases) > 1)

    def key_sources(self) -> list[KeySource]:
        """What may tell the keys of the rows, where core tells keys apart as the child's database does."""
        return [
            source
            for source in key_sources(self.planner, self.tree, self.component)
            if self.may_be_asked(source.key)
        ]

    def may_be_asked(self, key: Any) -> bool:
        """Whether core tells the keys in one of its columns apart as the child's database does."""
        return self.planner.meaning(self.home).holds_there(In(key, [])) and not self.is_mapped(key)

    def take_few(self, few: int) -> bool:
        """Fetch the rows that the core side's own conditions leave, unless they are more than a few."""
        few = min(few, self.core.most)
        rows = self.core.fetch(self.query(), few)
        if len(rows) > few:
            self.supply.steps.append(f"its own conditions leave more than {few}")
            return False
        self.add(rows)
        self.supply.steps.append(f"by its own conditions, which leave no more than {few}")
        return True

    def estimated(self) -> int:
        """How many rows the core side's own conditions leave, by core's estimate."""
        if self.estimate is None:
            whole = self.unlocked_query([])
            self.estimate = self.core.size(self.supply.table, whole)
            if self.conditions and self.estimate > self.planner.few:
                self.estimate = self.core.estimate(self.unlocked_query(self.conditions))
            self.supply.estimated = max(self.estimate, self.supply.estimated or 0)
        return self.estimate

    def take_by_keys(self, source: Any, keys: list[Any], why: str) -> None:
        """Fetch the rows that have one of the keys. Raises TooManyStagedRows."""
        self.supply.steps.append(f"by {len(keys)} keys of {source.name!r}, {why}")
        if self.is_dense(source, keys):
            dense = Range(source.key, (min(keys), max(keys)))
            rows = self.core.fetch(self.query(dense), SPARSE * len(keys))
            self.add(self.supply.with_keys(rows, source.key.target.column, keys))
            return
        for chunk in self.in_chunks(source, keys):
            self.add(self.core.fetch(self.query(In(source.key, chunk))))

    def in_chunks(self, source: Any, keys: list[Any]) -> Iterable[Sequence[Any]]:
        """The keys, a part for each statement. Raises TooManyStagedRows."""
        is_limited = self.core.connection.features.max_query_params is not None
        params = self.core.compiled(self.query())[1] if is_limited else ()
        chunks = list(in_chunks(keys, self.core.connection, len(params)))
        if len(keys) > self.core.most and source.is_unique(self.alias):
            # Some may have no row; but nothing is fetched that is refused then.
            number = sum(
                self.core.count(self.unlocked_query([*self.conditions, In(source.key, chunk)]))
                for chunk in chunks
            )
            if number > self.core.most:
                raise self.core.too_many(str(self.supply.table))
        return chunks

    def is_dense(self, source: Any, keys: list[Any]) -> bool:
        """Whether a range of integers brings about as many rows as the keys themselves."""
        if not 100 <= len(keys) <= MOST_KEYS or not all(type(key) is int for key in keys):
            return False
        # What is not wanted must not be locked.
        is_read = self.alias not in self.planner.statement.locked
        return is_read and source.is_unique(self.alias) and max(keys) - min(keys) < SPARSE * len(keys)

    def query(self, *further: Any) -> Query:
        """The query on core of the rows of the alias."""
        query = self.unlocked_query([*self.conditions, *further])
        if self.alias in self.planner.statement.locked:
            lock_as(self.planner.statement.compiler.query, query, self.core.connection)
        return query

    def unlocked_query(self, conditions: list[Any]) -> Query:
        select = self.supply.select(self.alias)
        if all(aliases_of(condition) <= {self.alias} for condition in conditions):
            return self.there([self.alias], conditions, select)
        # Each row once, however many it is joined with.
        own = [Col(self.alias, field) for field in self.supply.model._meta.pk_fields][:1]
        inner = self.there(self.component, conditions, own)
        return self.there([self.alias], [In(own[0], inner)], select)

    def there(self, aliases: list[str], conditions: list[Any], select: Iterable[Col]) -> Query:
        """A query on core of some tables of the tree, where joins name content types by core's ids."""
        query = self.tree.query(aliases, conditions, select)
        for alias in aliases[1:]:
            join: Any = query.alias_map[alias]
            if join.join_field.get_extra_restriction(alias, join.parent_alias) is not None:
                asked_there = self.planner.meaning(self.home).asked_there
                join.join_field = RestrictionThere(join.join_field, self.core.content_type_ids, asked_there)
        return query
