"""The schemas in which a connection looks bare names up, in what libpq is given and in what the server tells."""

import re

from causeway.names import in_quotes

# One of the startup options, in which a backslash keeps what comes after it from ending it.
OPTION = re.compile(r"(?:\\.|[^\s\\])+", re.DOTALL)
FIRST = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,]*))')


def with_search_path(options, schema):
    """The startup options of a core connection: its tables are looked up in ``schema``.

    A search path among them that begins with the schema is kept: it may go on with the schema
    of an extension.
    """
    paths = list(search_paths(options))
    if paths and first_in(paths[-1]) == schema:
        return options
    value = re.sub(r"([\\\s])", r"\\\1", in_quotes(schema, '"'))
    return f"{options} -c search_path={value}".strip()


def search_paths(options):
    """The search paths that startup options set; the last one counts."""
    for option in OPTION.findall(options):
        text = re.sub(r"\\(.)", r"\1", option, flags=re.DOTALL)
        name, is_set, value = text.removeprefix("-c").removeprefix("--").partition("=")
        if is_set and name.replace("-", "_") == "search_path":
            yield value


def first_in(search_path):
    """The first schema in a search path, as the server takes its name."""
    quoted, bare = FIRST.match(search_path).groups()
    return bare.strip().lower() if quoted is None else quoted.replace('""', '"')
