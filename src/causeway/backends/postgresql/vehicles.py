import re

from django.db.backends.postgresql.psycopg_any import is_psycopg3

from causeway.backends.base.vehicles import VehiclesMixin

# A cast to a type with a length cuts and rounds.
WITH_LENGTH = re.compile(r"(varchar|character varying|numeric|decimal)\s*\(.*\)", re.IGNORECASE)


class PostgreSQLVehiclesMixin(VehiclesMixin):
    inline_limit = 500

    def bare_type(self, field):
        declared = super().bare_type(field)
        match = WITH_LENGTH.fullmatch(declared)
        return match[1] if match else declared

    def carries_inline(self, columns):
        return is_psycopg3 or all(self.kind(column.field) for column in columns)

    def inline_relation(self, relation):
        arrays, selected, params = [], [], []
        for column, values in zip(relation.columns, self.written(relation), strict=True):
            name, declared = self.quote_name(column.name), self.bare_type(column.field)
            if self.kind(column.field):
                arrays.append(f"%s::{declared}[]")
                params.append(list(values))
                value = name
            else:
                # An array of arrays would be taken apart to the last value: their texts travel.
                arrays.append("%s::text[]")
                params.append(self.texts(values))
                value = f"CAST({name} AS {declared})"
            selected.append(value + self.collation(column.field))
        names = ", ".join(self.quote_name(column.name) for column in relation.columns)
        source = f"unnest({', '.join(arrays)}) AS {self.quote_name(relation.name)} ({names})"
        return f"SELECT {', '.join(selected)} FROM {source}", tuple(params)

    def texts(self, values):
        """What PostgreSQL reads each value from."""
        from psycopg.adapt import PyFormat, Transformer

        transformer = Transformer(self.connection.connection)
        return [
            value
            if value is None or isinstance(value, str)
            else bytes(transformer.get_dumper(value, PyFormat.TEXT).dump(value)).decode()
            for value in values
        ]

    def lifetime(self):
        return "" if self.connection.get_autocommit() else " ON COMMIT DROP"

    def fill(self, cursor, target, rows):
        if not is_psycopg3:
            super().fill(cursor, target, rows)
            return
        with self.connection.wrap_database_errors, cursor.copy(f"COPY {target} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def index(self, cursor, name, relation):
        super().index(cursor, name, relation)
        cursor.execute(f"ANALYZE {self.quote_name(name)}")
