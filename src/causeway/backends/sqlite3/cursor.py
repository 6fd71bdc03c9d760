from django.db.backends.utils import CursorDebugWrapper as DjangoCursorDebugWrapper
from django.db.backends.utils import CursorWrapper as DjangoCursorWrapper

from causeway.backends.base.cursor import BareNamesMixin
from causeway.conf import cores


class ReadOnlyMixin(BareNamesMixin):
    """Refuses to write to a READ_ONLY core under bare names, which SQLite looks up in attached files too."""

    def _execute(self, sql, params, *ignored_wrapper_args):
        self.refuse_writes(sql)
        return super()._execute(sql, params)

    def _executemany(self, sql, param_list, *ignored_wrapper_args):
        self.refuse_writes(sql)
        return super()._executemany(sql, param_list)

    def refuse_writes(self, sql):
        if any(core.read_only for core in cores().values()) and self.may_name_core(sql):
            self.with_full_names(sql, has_parameters=True)


class CursorWrapper(ReadOnlyMixin, DjangoCursorWrapper):
    pass


class CursorDebugWrapper(ReadOnlyMixin, DjangoCursorDebugWrapper):
    pass
