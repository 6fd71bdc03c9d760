"""Ids of content types in core rows, read and written as those of the child's own content types."""

from django.db.models import Func, IntegerField
from django.db.models.constants import OnConflict
from django.db.models.expressions import Col

from causeway import homes
from causeway.conf import LOCAL_ALIAS, cores
from causeway.homes import Table
from causeway.names import with_parameters
from causeway.placements import is_linked_on

CONTENT_TYPES = "django_content_type"
# What content types are called in subqueries, core's and the child's own: no table around one has such a name.
CORE, OWN = "causeway_core", "causeway_own"


def core_table(ops, home):
    """The SQL that names the table of core's content types."""
    return ops.placed_table(Table(CONTENT_TYPES, home))


def own_table(ops):
    """The SQL that names the table of the child's own content types."""
    own = Table(CONTENT_TYPES, None, in_core=True)
    return ops.target(own) or ops.quote_name(own)


def pairs(ops, home):
    """The SQL of core's content types with the child's own, to be followed by a further condition."""
    types = f"{core_table(ops, home)} {CORE}, {own_table(ops)} {OWN}"
    return f"{types} WHERE {same(CORE, OWN)} AND"


def same(left, right):
    return f"{left}.app_label = {right}.app_label AND {left}.model = {right}.model"


def copy_sql(ops, home):
    """The statement that makes in core what it lacks of the child's own content types."""
    core = core_table(ops, home)
    ignoring = OnConflict.IGNORE  # another project may make the same at the same time
    return (
        f"{ops.insert_statement(on_conflict=ignoring)} {core} (app_label, model) "
        f"SELECT {OWN}.app_label, {OWN}.model FROM {own_table(ops)} {OWN} "
        f"WHERE NOT EXISTS (SELECT 1 FROM {core} {CORE} WHERE {same(CORE, OWN)}) "
        f"{ops.on_conflict_suffix_sql([], ignoring, [], [])}"
    )


def copy_to_core(connection):
    """Make in core what it lacks of the content types that a child keeps on its own connection."""
    if connection.alias != LOCAL_ALIAS:
        return
    for home in homes.mapped_homes():
        if (
            is_linked_on(connection, home)
            and not cores()[home].read_only
            and connection.validation.has_core_table(home, CONTENT_TYPES)
        ):
            with connection.cursor() as cursor:
                cursor.execute(copy_sql(connection.ops, home))


def mapped_table(ops, table, target):
    """The SQL of a core table as the child reads it, with ids of its own content types.

    A row whose content type the child does not have is left out. Where the column may be NULL it
    is, and the row stays: by a subquery, for PostgreSQL locks no rows of an outer join.
    """
    columns = {column: f"mapped.{ops.quote_name(column)}" for column in table.mapped.columns}
    sources, conditions = [f"{target} mapped"], []
    for number, (column, nullable) in enumerate(table.mapped.nullable.items()):
        if nullable:
            own_id = f"(SELECT {OWN}.id FROM {pairs(ops, table.home)} {CORE}.id = {columns[column]})"
        else:
            core_type, own_type = f"{CORE}_{number}", f"{OWN}_{number}"
            sources += [f"{core_table(ops, table.home)} {core_type}", f"{own_table(ops)} {own_type}"]
            conditions += [f"{core_type}.id = {columns[column]}", same(core_type, own_type)]
            own_id = f"{own_type}.id"
        columns[column] = f"{own_id} AS {ops.quote_name(column)}"
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"(SELECT {', '.join(columns.values())} FROM {', '.join(sources)}{where})"


class CoreId(Func):
    """The id that core has for a content type, by the id that the child has for it."""

    def __init__(self, own_id, home):
        super().__init__(own_id, output_field=IntegerField())
        self.home = home

    def as_sql(self, compiler, connection, **extra):
        # The template is formatted, and then the statement.
        found = with_parameters(with_parameters(pairs(connection.ops, self.home)))
        template = f"(SELECT {CORE}.id FROM {found} {OWN}.id = %(expressions)s)"
        return super().as_sql(compiler, connection, template=template, **extra)


def with_own_ids(compiler, table):
    """The method ``compile`` of a statement that writes, where a mapped column is the child's id."""
    plain = compiler.compile
    found = with_parameters(pairs(compiler.connection.ops, table.home))

    def compile(node):
        sql, params = plain(node)
        if isinstance(node, Col) and node.alias == table and node.target.column in table.mapped.nullable:
            sql = f"(SELECT {OWN}.id FROM {found} {CORE}.id = {sql})"
        return sql, params

    return compile


def with_core_id(field, value, table):
    """What is written to a field: the id that core has, if it refers to a content type."""
    if value is None or isinstance(value, CoreId) or field.column not in table.mapped.nullable:
        return value
    if hasattr(value, "prepare_database_save"):
        value = value.prepare_database_save(field)
    return CoreId(value, table.home)
