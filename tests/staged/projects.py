"""Settings of a child project whose core tables are staged."""

SERVER = "DATABASES['core'].update(HOST='127.0.0.1', PORT=1)"

# By engine, lines with which the core database cannot be reached.
AWAY = {
    "sqlite3": "DATABASES['core']['NAME'] = '/nowhere/core.sqlite3'",
    "mysql": SERVER,
    "postgresql": SERVER,
}


def staged_settings(core):
    """Lines of settings with which the database of a core project is staged."""
    return f"""
        DATABASES["core"] = {core.databases.settings(core.database)!r}
        CAUSEWAY["core"].update(PLACEMENT="staged", SCHEMA=None)
    """
