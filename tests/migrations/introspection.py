"""What an engine says of a table: its foreign keys, and the columns that have an index."""

from typing import NamedTuple

from tests.projects import Project

# Of PostgreSQL: the columns of a table; its indexes, each with its first column.
COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = to_regclass('{table}') AND attnum > 0 AND NOT attisdropped
"""
INDEXES = """
    SELECT c.relname, a.attname
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = to_regclass('{table}')
"""


class ForeignKey(NamedTuple):
    name: str
    column: str
    database: str
    table: str


def foreign_keys(project: Project, table: str) -> list[ForeignKey]:
    """The foreign key constraints of a table; SQLite has no names for them, and one database."""
    if project.databases.engine == "sqlite3":
        rows = project.rows(f'PRAGMA foreign_key_list("{table}")')
        return [ForeignKey("", row[3], project.databases.name(project.database), row[2]) for row in rows]
    if project.databases.engine == "postgresql":
        return [
            ForeignKey(*row)
            for row in project.rows(f"""
                SELECT f.conname, a.attname, n.nspname, c.relname
                FROM pg_constraint f
                JOIN pg_class c ON c.oid = f.confrelid
                JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
                WHERE f.contype = 'f' AND f.conrelid = to_regclass('{table}')
            """)
        ]
    return [
        ForeignKey(*row)
        for row in project.rows(f"""
            SELECT constraint_name, column_name, referenced_table_schema, referenced_table_name
            FROM information_schema.key_column_usage
            WHERE table_schema = DATABASE() AND table_name = '{table}' AND referenced_table_name IS NOT NULL
        """)
    ]


def core_constraints(core: Project, child: Project, table: str, prefix: str = "articles_") -> dict[str, str]:
    """The core tables that foreign keys of a child's table refer to, by column."""
    name = core.database if core.databases.engine == "postgresql" else core.databases.name(core.database)
    if core.databases.engine == "sqlite3":
        # A REFERENCES of SQLite means its own file, whatever was meant.
        tables = {table for table in core.schema() if table.startswith(prefix)}
        return {key.column: key.table for key in foreign_keys(child, table) if key.table in tables}
    return {key.column: key.table for key in foreign_keys(child, table) if key.database == name}


def columns(project: Project, table: str) -> set[str]:
    if project.databases.engine == "sqlite3":
        return {row[1] for row in project.rows(f'PRAGMA table_info("{table}")')}
    if project.databases.engine == "postgresql":
        return {row[0] for row in project.rows(COLUMNS.format(table=table))}
    return {row[0] for row in project.rows(f"SHOW COLUMNS FROM `{table}`")}


def indexed_columns(project: Project, table: str) -> set[str]:
    """The columns that are the first of an index (or the primary key)."""
    if project.databases.engine == "sqlite3":
        names = [row[1] for row in project.rows(f'PRAGMA index_list("{table}")')]
        firsts = {project.rows(f'PRAGMA index_info("{name}")')[0][2] for name in names}
        return firsts | {row[1] for row in project.rows(f'PRAGMA table_info("{table}")') if row[5]}
    if project.databases.engine == "postgresql":
        return {column for _, column in project.rows(INDEXES.format(table=table))}
    return {row[4] for row in project.rows(f"SHOW INDEX FROM `{table}`") if row[3] == 1}


def names(project: Project, table: str) -> set[str]:
    """The names of the indexes and constraints of a table."""
    if project.databases.engine == "sqlite3":
        return {row[1] for row in project.rows(f'PRAGMA index_list("{table}")')}
    if project.databases.engine == "postgresql":
        indexes = {name for name, _ in project.rows(INDEXES.format(table=table))}
        return indexes | {key.name for key in foreign_keys(project, table)}
    indexes = {row[2] for row in project.rows(f"SHOW INDEX FROM `{table}`")}
    return indexes | {key.name for key in foreign_keys(project, table)}
