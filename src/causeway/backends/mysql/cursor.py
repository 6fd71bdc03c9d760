from django.db.backends.mysql.base import CursorWrapper as DjangoCursorWrapper

from causeway.backends.base.raw import qualify_select

NO_SUCH_TABLE = 1146


class CursorWrapper(DjangoCursorWrapper):
    """Finds core tables that a raw SELECT gives their bare name, as SQLite does by itself.

    A server looks a bare name up in the child's own database only. The statement is qualified
    and sent again after it failed for that, so no other statement costs anything.
    """

    def __init__(self, cursor, connection):
        super().__init__(cursor)
        self.db = connection

    def execute(self, query, args=None):
        try:
            return super().execute(query, args)
        except self.db.Database.ProgrammingError as error:
            if error.args[0] != NO_SUCH_TABLE:
                raise
            qualified = qualify_select(query, self.db.ops.placed_core_table)
            if qualified == query:
                raise
            return super().execute(qualified, args)
