"""The grammar of querysets: strategies that draw the Python expression of one."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.properties import graph
from tests.properties.expressions import Scope, name
from tests.properties.paths import (
    LOOSE,
    Column,
    Relation,
    columns,
    relations,
    single_relations,
)


@dataclass(frozen=True, repr=False)
class Query:
    """A Python expression over models by their names, without an app: its value is what to compare.

    ``ordered`` tells that the order of the rows is determined, ``writes`` that it changes rows.
    """

    source: str
    ordered: bool = False
    writes: bool = False

    def __repr__(self):
        return self.source

    def _repr_pretty_(self, printer, cycle):
        """How hypothesis shows it: to be pasted into a test."""
        printer.text(self.source)


# Kinds of value that annotations may show as they are.
PLAIN_SHOWN = ["bigint", "duration", "json", "uuid"]


class Draft:
    """A queryset under construction."""

    def __init__(self, draw, models, model=None, **limits):
        self.models = models
        self.model = model or draw(st.sampled_from(models))
        self.scope = Scope(draw, self.model, models, **limits)
        self.one = self.scope.one
        self.odds = self.scope.odds
        self.source = f"{name(self.model)}.objects"
        if self.is_core(self.model) and self.odds(5):
            self.add("using", "CORE")
        # What the rows have beside their fields, and whether their order is determined.
        self.shown = []
        self.named = 0
        self.ordered = False

    def add(self, method, *arguments):
        self.source += f".{method}({', '.join(arguments)})"

    def name_it(self, kind, grouped=False, method="annotate"):
        """A name for a new annotation, from now on in scope where its kind is one that lookups know."""
        self.named += 1
        new = f"a{self.named}"
        if kind != "average":
            self.scope.names.append(Column(new, kind, many=int(self.scope.reach > 0), grouped=grouped))
        if method == "annotate":
            self.shown.append(new)
        return new

    # Steps that keep rows of the model

    def step(self):
        steps = ["filter"] * 5 + ["exclude"] * 2 + ["annotate"] * 2 + ["aggregate"] * 2
        steps += ["alias", "filtered_relation", "window"]
        getattr(self, self.one(steps))()

    def steps(self, *numbers):
        for _ in range(self.one(numbers)):
            self.step()

    def filter(self):
        condition = self.scope.condition()
        if self.source.endswith(".objects") and self.odds(10):
            other = self.scope.condition()
            rows = f"{name(self.model)}.objects.filter"
            self.source = f"({rows}({condition}) {self.one('|&^')} {rows}({other}))"
        else:
            self.add("filter", condition)

    def exclude(self):
        self.add("exclude", self.scope.condition())

    def annotate(self, method="annotate"):
        kind = self.one(["int", "text", "decimal", "date", "datetime", "bool", "int", "text", *PLAIN_SHOWN])
        expression = self.scope.expression(kind)
        self.add(method, f"{self.name_it(kind, method=method)}={expression}")

    def alias(self):
        self.annotate("alias")

    def aggregate(self):
        expression, kind = self.scope.aggregate()
        self.add("annotate", f"{self.name_it(kind, grouped=True)}={expression}")

    def filtered_relation(self):
        relation = self.scope.relation(1)
        column = self.one(columns(relation.model, 0))
        condition = self.scope.plain_lookup(replace(column, path=relation.path + column.path))
        new = f"r{len(self.scope.aliases)}"
        self.add("annotate", f"{new}=FilteredRelation({relation.path[:-2]!r}, condition={condition})")
        self.scope.aliases.append(Relation(f"{new}__", relation.model, many=1))

    def window(self):
        # The functions that give rows of one rank one value.
        function = self.one(
            ["Rank()", "DenseRank()", "Count('pk')", f"Sum({self.scope.column('int').path!r})"]
        )
        order = self.one(["", "-"]) + self.scope.column().path
        partition = self.one(["", f"partition_by=F({self.scope.column().path!r}), "])
        window = f"Window({function}, {partition}order_by={order!r})"
        self.add("annotate", f"{self.name_it('int', grouped=True)}={window}")

    # Order and slices

    def order(self, *last):
        """Order by something, and at last by all that tells one row of the result from another."""
        terms = [self.term() for _ in range(self.one([0, 1, 1, 2]))]
        self.add("order_by", *terms, *(repr(term) for term in (*last, *self.shown)))
        self.ordered = True
        if self.odds(25):
            self.add("reverse")

    def term(self):
        column = self.scope.column(grouped=True)
        return self.one(
            [
                repr(column.path),
                repr(f"-{column.path}"),
                f"F({column.path!r}).asc(nulls_last=True)",
                f"F({column.path!r}).desc(nulls_first=True)",
            ]
        )

    def cut(self):
        start = self.one([0, 0, 1, 3])
        self.source += f"[{start or ''}:{start + self.one([1, 2, 3, 5, 10])}]"

    def order_and_cut(self, *last):
        """Perhaps ordered, and then perhaps sliced."""
        if self.odds(60):
            self.order(*last)
            if self.odds(50):
                self.cut()
        elif self.odds(15):
            self.add("order_by", repr(self.scope.column().path))

    # The shapes of a result

    def objects(self):
        self.steps(1, 2, 2, 3)
        if self.odds(20):
            self.add("distinct")
        elif self.odds(3):
            return self.first_of_each()
        if single := single_relations(self.model):
            if self.odds(35):
                self.add("select_related", *(repr(self.one(single)) for _ in range(self.one([1, 2]))))
            if self.odds(15):
                self.only(single)
        if self.odds(25):
            self.add("prefetch_related", *(self.prefetch(number) for number in range(self.one([1, 1, 2]))))
        if self.odds(5):
            self.add("select_for_update")
        self.order_and_cut("pk")
        return self

    def first_of_each(self):
        column = self.scope.column_of_relation()
        self.add("order_by", repr(column.path), "'pk'", *map(repr, self.shown))
        self.add("distinct", repr(column.path))
        self.ordered = True
        return self

    def only(self, single):
        method = self.one(["only", "defer"])
        names = [self.one(columns(self.model, 0)).path for _ in range(self.one([1, 2]))]
        if method == "only" and self.odds(50):
            path = self.one(single)
            related = next(
                found
                for steps in (1, 2, 3)
                for found in relations(self.model, steps)
                if found.path == f"{path}__"
            )
            self.add("select_related", repr(path))
            names += [path.partition("__")[0], path, f"{path}__{self.one(columns(related.model, 0)).path}"]
        self.add(method, *map(repr, names))

    def prefetch(self, number):
        relation = self.scope.relation(self.one([1, 1, 2]))
        path = relation.path[:-2]
        if self.odds(50):
            return repr(path)
        inner = Draft(self.scope.draw, self.models, relation.model, level=1, reach=2)
        inner.filter()
        if relation.many and "__" not in path and self.odds(40):
            inner.order("pk")
            inner.cut()
        to_attr = self.one(["", f", to_attr='p{number}'"])
        return f"Prefetch({path!r}, queryset={inner.source}{to_attr})"

    def page(self):
        """The first rows in the order of a column of theirs or of a row that they refer to."""
        single = [relation for relation in relations(self.model, 1) if not relation.many]
        over = [relation for relation in single if self.is_core(relation.model) != self.is_core(self.model)]
        relation = self.one([*over, *over, *single, *relations(self.model, 0)])
        found = [replace(end, path=relation.path + end.path) for end in columns(relation.model, 0)]
        # Texts are what engines compare in ways of their own.
        texts = list(filter(is_text, found))
        for _ in range(self.one([0, 0, 1, 2])):
            column = self.one([*found, *columns(self.model, 0), *texts, *texts, *texts])
            self.add(self.one(["filter", "filter", "exclude"]), self.scope.plain_lookup(column))
        if single and self.odds(30):
            self.add("select_related", repr(self.one(single_relations(self.model))))
        path = self.one(found).path
        last = f"F({path!r}).{self.one(['asc', 'desc'])}(nulls_last=True)"
        self.add("order_by", self.one([repr(path), repr(f"-{path}"), last]), "'pk'")
        self.ordered = True
        self.source += self.one(["[:1]", "[:2]", "[:3]", "[2:4]"])
        return self

    def text(self):
        """Rows by texts of other rows: engines compare them in ways of their own."""
        reached = [relation for steps in (0, 1, 1, 2) for relation in relations(self.model, steps)]
        found = [(end, column) for end in reached for column in columns(end.model, 0) if is_text(column)]
        for _ in range(self.one([1, 1, 2])):
            end, column = self.one(found)
            condition = self.scope.plain_lookup(replace(column, path=end.path + column.path))
            self.add(self.one(["filter", "filter", "filter", "exclude"]), condition)
        return self

    def is_core(self, model):
        return name(model) in graph.CORE

    def values(self):
        """Rows of some values."""
        self.steps(1, 2, 2, 3)
        columns = [self.scope.column_of_relation() for _ in range(self.one([1, 2, 3]))]
        self.shown = list(dict.fromkeys([*self.shown, *(column.path for column in columns)]))
        self.show()
        if any(column.kind == LOOSE for column in columns):
            # Of rows that are the same but for such texts, neither order nor choice is determined.
            return self
        if self.odds(30):
            self.add("distinct")
        self.order_and_cut()
        return self

    def show(self):
        method = self.one(["values", "values_list", "named"])
        arguments = list(map(repr, self.shown))
        if method == "named":
            self.add("values_list", *arguments, "named=True")
        elif method == "values_list" and len(arguments) == 1:
            self.add("values_list", *arguments, "flat=True")
        else:
            self.add(method, *arguments)

    def grouped(self):
        """Aggregates over groups, some of them left out by a condition on an aggregate."""
        for _ in range(self.one([0, 1, 1, 2])):
            self.one([self.filter, self.filter, self.exclude, self.annotate, self.filtered_relation])()
        groups = [self.scope.group_column().path for _ in range(self.one([1, 1, 2]))]
        self.shown = list(dict.fromkeys(groups))
        self.add("values", *map(repr, self.shown))
        for _ in range(self.one([1, 1, 2])):
            self.aggregate()
        if self.odds(30):
            self.filter()
        self.order_and_cut()
        return self


def is_text(column):
    return column.kind in {"text", LOOSE} and not column.key


def shaped(shape):
    """A strategy of querysets whose rows are compared."""

    @st.composite
    def queries(draw, models):
        draft = getattr(Draft(draw, models), shape)()
        return Query(f"list({draft.source})", draft.ordered)

    return queries
