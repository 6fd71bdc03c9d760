"""The grammar of querysets: strategies that draw the Python expression of one, and what is asked of it."""

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.properties import graph
from tests.properties.expressions import AGGREGATES, Scope, name
from tests.properties.paths import (
    LOOSE,
    Column,
    Relation,
    columns,
    pair_relations,
    relations,
    single_relations,
)
from tests.properties.rows import NUMBERS


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
        texts = [column for column in found if column.kind in {"text", LOOSE}]
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


def shaped(shape):
    """A strategy of querysets whose rows are compared."""

    @st.composite
    def queries(draw, models):
        draft = getattr(Draft(draw, models), shape)()
        return Query(f"list({draft.source})", draft.ordered)

    return queries


@st.composite
def results(draw, models):
    """One result of a queryset: a number, a row, some aggregates, related rows."""
    draft = Draft(draw, models)
    return draft.one([asked, asked, asked, row, row, latest, in_bulk, sliced, sliced, related_rows])(draft)


def asked(draft):
    """A result for which the order does not matter."""
    draft.steps(1, 1, 2, 2)
    key = draft.one(NUMBERS)
    forms = ["count()", "exists()", f"get(pk={key})", f"contains({name(draft.model)}(pk={key}))"]
    return Query(f"{draft.source}.{draft.one([*forms, dates(draft), aggregates(draft), aggregates(draft)])}")


def row(draft):
    draft.steps(1, 1, 2, 2)
    draft.order("pk")
    return Query(f"{draft.source}.{draft.one(['first', 'last'])}()")


def latest(draft):
    draft.steps(1, 1, 2, 2)
    column = draft.scope.column(many=False)
    names = ", ".join(map(repr, [column.path, "pk", *draft.shown]))
    return Query(f"{draft.source}.{draft.one(['latest', 'earliest'])}({names})")


def in_bulk(draft):
    # With related rows there may be several rows of one key.
    draft.scope.reach = 0
    draft.steps(0, 1)
    return Query(
        f"{draft.source}.in_bulk({draft.one(['', f'[{draft.one(NUMBERS)}, {draft.one(NUMBERS)}]'])})"
    )


def sliced(draft):
    """A result of a slice, which is a subquery then."""
    draft.steps(1, 1, 2, 2)
    draft.order("pk")
    draft.cut()
    # Related rows would be joined before the cut: several rows of one key, in any order.
    draft.scope.reach = 0
    return Query(f"{draft.source}.{draft.one(['count()', 'exists()', aggregates(draft)])}")


def aggregates(draft):
    found = [draft.scope.aggregate()[0] for _ in range(draft.one([1, 1, 2]))]
    return f"aggregate({', '.join(f'x{number}={source}' for number, source in enumerate(found))})"


def dates(draft):
    column = draft.scope.column_of_relation("date")
    if column is None:
        return "count()"
    unit, order = draft.one(["year", "month", "day"]), draft.one(["ASC", "DESC"])
    return f"dates({column.path!r}, {unit!r}, order={order!r})"


def related_rows(draft):
    """What the managers and attributes of some rows lead to."""
    draft.steps(0, 1, 1)
    draft.order("pk")
    draft.cut()
    relation = draft.scope.relation(1)
    inner = Draft(draft.scope.draw, draft.models, relation.model, level=1)
    path = relation.path[:-2]
    if not relation.many:
        return Query(f"[getattr(row, {path!r}, None) for row in {draft.source}]", ordered=True)
    inner.source = f"row.{path}"
    inner.filter()
    inner.order("pk")
    return Query(f"[list({inner.source}) for row in {draft.source}]", ordered=True)


@st.composite
def combined(draw, models):
    """Unions, intersections and differences, by themselves and in a condition."""
    form = draw(
        st.sampled_from(["rows", "ordered", "ordered", "sliced", "sliced", "count", "exists", "inside"])
    )
    kinds = ["int"]
    if form != "inside":
        kinds = [draw(st.sampled_from(list(AGGREGATES))) for _ in range(draw(st.sampled_from([1, 2])))]
    (first, paths), *others = (operand(draw, models, kinds) for _ in range(draw(st.sampled_from([2, 2, 3]))))
    method = draw(st.sampled_from(["union", "union", "intersection", "difference"]))
    arguments = [source for source, _ in others]
    if method == "union" and draw(st.booleans()):
        arguments.append("all=True")
    source = f"{first}.{method}({', '.join(arguments)})"
    if form == "inside":
        return Query(f"list({name(draw(st.sampled_from(models)))}.objects.filter(pk__in={source}))")
    if form in {"count", "exists"}:
        return Query(f"{source}.{form}()")
    if form != "rows":
        source += f".order_by({', '.join(map(repr, paths))})"
    if form == "sliced":
        source += "[1:6]"
    return Query(f"list({source})", ordered=form != "rows")


def operand(draw, models, kinds):
    """A queryset of values of these kinds, and their paths."""
    draft = Draft(draw, models, level=1)
    draft.filter()
    # No order by default: not all engines take one here.
    draft.add("order_by")
    paths = []
    for kind in kinds:
        column = draft.scope.column(kind)
        if column is None or column.path in paths:
            column = Column(f"v{len(paths)}", kind)
            draft.add("annotate", f"{column.path}={draft.scope.expression_value(kind)}")
        paths.append(column.path)
    return f"{draft.source}.values_list({', '.join(map(repr, paths))})", paths


@st.composite
def writes(draw, models):
    """Updates and deletions of the rows that a condition finds."""
    draft = Draft(draw, models)
    for _ in range(draft.one([1, 1, 2])):
        draft.one([draft.filter, draft.filter, draft.exclude, draft.aggregate])()
    form = draft.one(["update", "update", "update", "delete", "delete", "many"])
    pairs = pair_relations(draft.model)
    if form == "many" and pairs:
        draft.order("pk")
        draft.cut()
        method = draft.one(["clear()", "set([1, 2])", "add(1, 2)", "remove(1, 2)"])
        return Query(f"[row.{draft.one(pairs)}.{method} for row in {draft.source}]", writes=True)
    if form == "delete":
        return Query(f"{draft.source}.delete()", writes=True)
    return Query(f"{draft.source}.update({', '.join(assignments(draft))})", writes=True)


# Columns that may take any value: no key, and not unique.
FREE = {
    "name", "number", "price", "dangerous", "opened", "depth", "free", "built", "launched", "tonnage", "worth",
    "days", "since", "label", "mark", "papers", "seal", "serial", "shelf_life", "shown", "weight", "stay", "watch",
    "text", "fee", "arrived", "left", "dues", "crew", "cleared", "remark", "length", "level", "until",
    "passengers",
}  # fmt: skip


def assignments(draft):
    """Keywords of ``update()``: values, expressions over the row itself and subqueries."""
    free = [column for column in columns(draft.model, 0) if column.path in FREE]
    # Expressions that join are refused in an update.
    inner = draft.scope.below(reach=0, names=[], aliases=[], taken=[])
    found = {}
    for _ in range(draft.one([1, 1, 2])):
        column = draft.one(free)
        source = inner.value(column.kind) if draft.odds(40) else inner.expression(column.kind)
        found[column.path] = f"{column.path}={source}"
    return found.values()
