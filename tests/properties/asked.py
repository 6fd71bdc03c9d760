"""What is asked of a queryset other than its rows: one result, combinations of several, and writes."""

from hypothesis import strategies as st

from tests.properties.expressions import AGGREGATES, name
from tests.properties.paths import Column, columns, pair_relations
from tests.properties.querysets import Draft, Query
from tests.properties.rows import NUMBERS


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
