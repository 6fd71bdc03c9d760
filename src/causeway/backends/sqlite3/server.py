import os

from causeway.backends.base.server import ServerMixin
from causeway.backends.base.statements import Known

# Of PRAGMA synchronous: what was committed survives a loss of power.
FULL = 2


class SQLiteServerMixin(ServerMixin):
    def why_not_durable(self):
        with self.cursor() as cursor:
            synchronous = cursor.execute(Known("PRAGMA synchronous")).fetchone()[0]
            mode = cursor.execute(Known("PRAGMA journal_mode")).fetchone()[0]
        if self.creation.is_in_memory_db(str(self.settings_dict["NAME"])):
            return None
        if synchronous < FULL:
            return f"PRAGMA synchronous is {synchronous}, less than FULL"
        return f"PRAGMA journal_mode is {mode!r}" if mode in {"off", "memory"} else None

    def identity(self):
        name = self.settings_dict["NAME"]
        try:
            file = os.stat(name)
            # The number of a device may be another one each time that it is mounted. Windows has the other one alone.
            system = os.statvfs(name).f_fsid if hasattr(os, "statvfs") else 0
        except OSError:
            # A database in memory, or a URI.
            return ""
        return f"sqlite {system or file.st_dev}:{file.st_ino}"
