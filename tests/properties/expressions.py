"""The grammar below a queryset: conditions, expressions, aggregates and subqueries.

It writes Python. What it writes names models, paths and functions of Django and nothing else,
so it is the same for every set of models, placement and engine.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from tests.properties.paths import LOOSE, Column, Relation, columns, related, relations
from tests.properties.rows import NAMES, VALUES

COMPARISONS = ["exact", "gt", "gte", "lt", "lte"]
PARTS = ["year", "quarter", "month", "day", "week_day", "week"]
TEXT_LOOKUPS = [
    *(*COMPARISONS, "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith"),
    *("regex", "iregex", "contains", "startswith", "endswith"),
]
LOOKUPS = {
    "text": TEXT_LOOKUPS,
    "prose": TEXT_LOOKUPS,
    "bigint": COMPARISONS,
    "binary": ["exact"],
    "duration": COMPARISONS,
    "float": COMPARISONS,
    "time": [*COMPARISONS, "hour"],
    "uuid": COMPARISONS,
    "int": COMPARISONS,
    "decimal": COMPARISONS,
    "date": [*COMPARISONS, *PARTS],
    "datetime": [*COMPARISONS, *PARTS, "hour", "date"],
    "bool": ["exact"],
}
# The lookups that look for a part of a text: also for none, and for what LIKE would take for a pattern.
PIECES = ["a", "S", "E", "A", "SH", "H", "%", "_", "\\", "'", "Ö", "", *NAMES[:3]]
PATTERNS = ["^a", "[A-C]", "e$", "^.?$"]
# What follows the path of a JSON column in a lookup.
JSON_LOOKUPS = [
    *(
        "a=1",
        "a=None",
        "a__gt=0",
        "a__isnull=True",
        "a__isnull=False",
        "b='Ö'",
        "b__icontains='ö'",
        "tags__0='x'",
    ),
    *(
        "has_key='a'",
        "has_any_keys=['b', 'deep']",
        "deep__a__1__b=True",
        "contains={'a': 1}",
        "b__in=['x', 'Ö']",
    ),
]
PART_VALUES = {
    "year": [2023, 2024],
    "quarter": [1, 4],
    "month": [1, 2, 3, 12],
    "day": [1, 29, 30, 31],
    "week_day": [1, 2, 5, 6],
    "week": [1, 9, 52],
    "hour": [0, 6, 12, 13],
    "date": VALUES["date"],
}
# How many steps to several rows the paths of one query may take together.
MOST_MANY = 6
NUMERIC = ("int", "decimal")
AGGREGATES = {
    "text": ["Min", "Max"],
    "int": ["Sum", "Min", "Max", "Avg"],
    "decimal": ["Sum", "Min", "Max", "Avg"],
    "date": ["Min", "Max"],
    "datetime": ["Min", "Max"],
    "bigint": ["Min", "Max"],
    "duration": ["Sum", "Min", "Max"],
    "float": ["Min", "Max"],
    "time": ["Min", "Max"],
}
# The kinds of value that nothing is reckoned of.
PLAIN = {"bigint", "binary", "duration", "float", "json", "prose", "time", "uuid"}
# The kinds without an order that all engines have for them.
UNORDERED = {"bool", "text", "prose", "binary", "json", "uuid"}


@dataclass
class Scope:
    """Where an expression stands: on rows of ``model``, perhaps in a subquery of ``outer``.

    ``names`` are the annotations made so far, ``aliases`` the filtered relations; ``level`` is
    how much deeper expressions may go, ``reach`` how many relations a path may take. ``taken``
    are the numbers of steps to several rows that its paths took: the rows grow with each.
    """

    draw: Any
    model: type
    models: tuple
    level: int = 2
    reach: int = 3
    outer: "Scope | None" = None
    names: list[Column] = field(default_factory=list)
    aliases: list[Relation] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def one(self, values):
        return self.draw(st.sampled_from(values))

    def odds(self, percent):
        """True in so many cases of a hundred; False is the simpler case."""
        return self.draw(st.integers(0, 99)) >= 100 - percent

    def below(self, **changes):
        """The same place one level deeper."""
        return replace(self, **{"level": self.level - 1, **changes})

    def inside(self, model):
        """The rows of a subquery."""
        return self.below(
            model=model, outer=self, names=[], aliases=[], taken=[], reach=min(self.reach or 1, 2)
        )

    # Columns

    def column(self, kind=None, grouped=False, many=True):
        """A column in reach, or an annotation."""
        found = [
            column
            for column in self.names
            if kind in {None, column.kind} and (grouped or not column.grouped) and (many or not column.many)
        ]
        if found and self.odds(40):
            return self.one(found)
        if many and self.aliases and self.odds(50):
            alias = self.one(self.aliases)
            found = columns(alias.model, 0, kind)
            if found:
                column = self.one(found)
                return replace(column, path=f"{alias.path}{column.path}", many=1)
        return self.column_of_relation(kind, many)

    def column_of_relation(self, kind=None, many=True):
        steps = min(self.reach, self.one([1, 0, 2, 1, 3, 1]))
        for nearer in range(steps, -1, -1):
            if found := self.affordable(columns(self.model, nearer, kind), many):
                return self.take(found)
        return None

    def relation(self, steps):
        steps = min(steps, self.reach)
        return self.take(self.affordable(relations(self.model, steps)) or relations(self.model, 1))

    def affordable(self, ends, many=True):
        left = max(0, MOST_MANY - sum(self.taken)) if many else 0
        return [end for end in ends if end.many <= left]

    def take(self, ends):
        end = self.one(ends)
        self.taken.append(end.many)
        return end

    def group_column(self):
        """A column whose value is the same for all rows of a group."""
        column = self.column()
        return column if column.kind != LOOSE else replace(column, path="pk", kind="int", key=True)

    def value(self, kind):
        return repr(self.one(VALUES[kind]))

    # Conditions

    def condition(self):
        """A ``Q`` object."""
        forms = ["lookup", "lookup", "lookup", "relation"]
        if self.level > 0:
            forms += ["lookup", "and", "or", "not", "or", "and", "not", "xor", "exists", "function"]
        return getattr(self, f"condition_{self.one(forms)}")()

    def condition_lookup(self):
        column = (self.odds(15) and self.column("text")) or self.column(grouped=True)
        form = self.one(["plain", "plain", "isnull", "in", "range", "expression", "outer"])
        if form == "isnull":
            return f"Q({column.path}__isnull={self.one([False, True])})"
        if form == "in":
            return f"Q({column.path}__in=[{self.value(column.kind)}, {self.value(column.kind)}])"
        if form == "range" and column.kind not in UNORDERED and not column.key:
            low, high = sorted([self.one(VALUES[column.kind]), self.one(VALUES[column.kind])])
            return f"Q({column.path}__range=({low!r}, {high!r}))"
        if form == "outer" and self.outer and (reference := self.outer_reference(column.kind)):
            comparison = self.one(["exact"] if column.kind in {"bool", "binary", "json"} else COMPARISONS)
            return f"Q({column.path}__{comparison}={reference})"
        if form == "expression" and self.level > 0:
            comparison = self.one(
                ["exact"] if column.kind in {"bool", "binary", "json"} else ["exact", "lt", "gte"]
            )
            return f"Q({column.path}__{comparison}={self.below().expression(column.kind)})"
        return self.plain_lookup(column)

    def plain_lookup(self, column):
        if column.kind == "json":
            return self.json_lookup(column)
        lookup = self.one(COMPARISONS if column.key else LOOKUPS[column.kind])
        if lookup in PART_VALUES:
            comparison = self.one(["", "__gt"])
            return f"Q({column.path}__{lookup}{comparison}={self.one(PART_VALUES[lookup])!r})"
        values = VALUES[column.kind]
        if lookup.endswith(("contains", "startswith", "endswith")):
            values = [*PIECES, *values[:4]]
        elif lookup.endswith("regex"):
            values = PATTERNS
        return f"Q({column.path}__{lookup}={self.one(values)!r})"

    def json_lookup(self, column):
        lookup = self.one([f"exact={self.value('json')}", *JSON_LOOKUPS])
        return f"Q({column.path}__{lookup})"

    def condition_relation(self):
        """A lookup on a relation as such."""
        if self.reach == 0:
            return self.condition_lookup()
        relation = self.relation(self.one([1, 2]))
        path = relation.path.removesuffix("__")
        if self.level > 0 and self.odds(50):
            inner = self.inside(relation.model)
            return f"Q({path}__in={name(relation.model)}.objects.filter({inner.condition()}))"
        return f"Q({path}__isnull={self.one([False, True])})"

    def condition_and(self):
        return f"({self.below().condition()} & {self.below().condition()})"

    def condition_or(self):
        return f"({self.below().condition()} | {self.below().condition()})"

    def condition_xor(self):
        return f"({self.below().condition()} ^ {self.below().condition()})"

    def condition_not(self):
        return f"~{self.below().condition()}"

    def condition_exists(self):
        correlated, inner = self.correlated()
        return f"Q(Exists({correlated}.filter({inner.condition()})))"

    def condition_function(self):
        """A lookup as an expression, on both sides something reckoned."""
        lookup = self.one(["Exact", "GreaterThan", "LessThanOrEqual"])
        kind = self.one(["int", "decimal", "text", "date"])
        if kind == "text":
            return f"Q(Exact({self.one(['Upper', 'Lower'])}({self.below().expression(kind)}), {self.value(kind)}))"
        return f"Q({lookup}({self.below().expression(kind)}, {self.value(kind)}))"

    def outer_reference(self, kind):
        if self.outer.outer and self.odds(25):
            column = self.outer.outer.column(kind)
            return column and f"OuterRef(OuterRef({column.path!r}))"
        column = self.outer.column(kind)
        return column and f"OuterRef({column.path!r})"

    # Expressions

    def expression(self, kind):
        """An expression with a value of this kind for each row, perhaps null."""
        forms = ["column", "column", "value"]
        if kind in PLAIN:
            forms += (
                ["subquery"] if self.level > 0 and (self.outer is None or self.outer.outer is None) else []
            )
        elif self.level > 0:
            forms += ["case", "coalesce", "column"]
            forms += {
                "text": ["concat", "extreme", "nullif"],
                "int": ["sum", "part", "length", "count", "extreme"],
                "decimal": ["sum", "nullif", "extreme"],
                "date": ["truncated", "extreme"],
                "datetime": ["truncated", "extreme"],
                "bool": ["truth"],
            }[kind]
            if self.outer is None or self.outer.outer is None:
                forms += ["subquery"]
        return getattr(self, f"expression_{self.one(forms)}")(kind)

    def expression_column(self, kind):
        column = self.column(kind)
        return f"F({column.path!r})" if column else self.expression_value(kind)

    def expression_value(self, kind):
        return f"Value({self.value(kind)}, output_field={FIELDS[kind]})"

    def expression_case(self, kind):
        below = self.below()
        whens = [
            f"When({below.condition()}, then={below.expression(kind)})" for _ in range(self.one([1, 1, 2]))
        ]
        default = self.one(["", f"default={below.expression(kind)}, "])
        return f"Case({', '.join(whens)}, {default}output_field={FIELDS[kind]})"

    def expression_coalesce(self, kind):
        return f"Coalesce({self.below().expression(kind)}, {self.expression_value(kind)}, output_field={FIELDS[kind]})"

    def expression_concat(self, kind):
        return f"Concat({self.below().expression(kind)}, Value('+'), output_field={FIELDS[kind]})"

    def expression_nullif(self, kind):
        return f"NullIf({self.below().expression(kind)}, {self.expression_value(kind)})"

    def expression_extreme(self, kind):
        function = self.one(["Greatest", "Least"])
        operands = f"{self.below().expression(kind)}, {self.below().expression(kind)}"
        return f"{function}({operands}, output_field={FIELDS[kind]})"

    def expression_sum(self, kind):
        return f"({self.below().expression(kind)} {self.one('+-')} {self.below().expression(kind)})"

    def expression_part(self, kind):
        of = self.one(["date", "datetime"])
        part = self.one(["ExtractYear", "ExtractMonth", "ExtractDay", "ExtractWeekDay"])
        return f"{part}({self.below().expression(of)})"

    def expression_length(self, kind):
        return f"Length({self.below().expression('text')})"

    def expression_count(self, kind):
        """A number of rows, by a subquery that groups."""
        correlated, inner = self.correlated(distinct_relation=True)
        return f"Subquery({correlated}.order_by().values({inner!r}).annotate(n=Count('pk')).values('n'))"

    def expression_truncated(self, kind):
        unit = self.one(["TruncMonth", "TruncYear", "TruncDay"])
        return f"{unit}({self.below().expression(kind)})"

    def expression_truth(self, kind):
        return f"ExpressionWrapper({self.below().condition()}, output_field=BooleanField())"

    def expression_subquery(self, kind):
        correlated, inner = self.correlated()
        column = inner.column_of_relation(kind, many=False)
        if column is None:
            return self.expression_value(kind)
        order = inner.column(many=False).path
        sign = self.one(["", "-"])
        return f"Subquery({correlated}.order_by({sign + order!r}, 'pk').values({column.path!r})[:1])"

    def correlated(self, distinct_relation=False):
        """A queryset of other rows that refer to this row, and the scope inside it.

        With ``distinct_relation`` instead of the scope the path by which they refer.
        """
        model, relation = self.one(related(self.models)[self.model])
        path = relation.path.removesuffix("__")
        queryset = f"{name(model)}.objects.filter({path}__pk=OuterRef('pk'))"
        return queryset, path if distinct_relation else self.inside(model)

    # Aggregates

    def aggregate(self):
        """An aggregate over related rows or, after ``values()``, over the group; and its kind."""
        kind = self.one(["any", *AGGREGATES])
        filtered = f", filter={self.below().condition_plain()}" if self.odds(30) else ""
        if kind == "any" or (column := self.column(kind)) is None:
            return self.count(filtered), "int"
        function = self.one(AGGREGATES[kind])
        of = f"F({column.path!r})"
        if kind in NUMERIC and self.level > 0 and self.odds(25):
            of = self.below(reach=min(self.reach, 1)).expression(kind)
        default = f", default={self.expression_value(kind)}" if function == "Sum" and self.odds(20) else ""
        result = {"Avg": "average" if kind == "int" else "decimal"}.get(function, kind)
        return f"{function}({of}{filtered}{default})", result

    def count(self, filtered):
        if not filtered and self.odds(10):
            return "Count('*')"
        if self.reach and self.odds(50):
            path = self.relation(self.one([1, 2])).path.removesuffix("__")
        else:
            path = self.column().path
        return f"Count({path!r}{self.one(['', ', distinct=True'])}{filtered})"

    def condition_plain(self):
        """A condition that aggregates may have: on what is not an aggregate itself."""
        return self.below(names=[column for column in self.names if not column.grouped], level=1).condition()


FIELDS = {
    "text": "CharField()",
    "int": "IntegerField()",
    "decimal": "DecimalField(max_digits=12, decimal_places=2)",
    "date": "DateField()",
    "datetime": "DateTimeField()",
    "bool": "BooleanField()",
    "bigint": "BigIntegerField()",
    "binary": "BinaryField()",
    "duration": "DurationField()",
    "float": "FloatField()",
    "json": "JSONField()",
    "prose": "TextField()",
    "time": "TimeField()",
    "uuid": "UUIDField()",
}


def name(model):
    return model.__name__
