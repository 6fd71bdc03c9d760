"""What the commands of the demo print: code and the SQL that it became, rows, and sentences."""

import inspect
import textwrap
from contextlib import contextmanager

import sqlparse
from django.db import connections
from django.test.utils import CaptureQueriesContext
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table

THEME = "ansi_dark"


class Stage:
    """Prints on behalf of one project."""

    def __init__(self, project, file):
        self.project = project
        self.console = Console(file=file, highlight=False)

    def say(self, text):
        self.console.print(f"[bold cyan]{self.project:>6}[/] │ {escape(text)}")

    def rows(self, title, columns, rows):
        self.console.print(f"[bold cyan]{self.project}[/]: {escape(title)}")
        table = Table(*columns)
        for row in rows:
            table.add_row(*(escape(str(value)) for value in row))
        self.console.print(table)

    def code(self, function):
        """The body of a function as it stands in the source."""
        lines = inspect.getsource(function).splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("def ")) + 1
        self.panel(
            "Python", Syntax(textwrap.dedent("\n".join(lines[start:])), "python", theme=THEME, word_wrap=True)
        )

    @contextmanager
    def sql_of(self, using="default"):
        """Shows the statements that the block sends over one connection, as they are sent."""
        with CaptureQueriesContext(connections[using]) as queries:
            yield
        for query in queries:
            sql = sqlparse.format(query["sql"], reindent=True, keyword_case="upper", wrap_after=70)
            self.panel(f"SQL on the connection {using!r}", Syntax(sql, "sql", theme=THEME, word_wrap=True))

    def panel(self, title, content):
        self.console.print(
            Panel(content, title=f"{self.project}: {title}", title_align="left", border_style="dim")
        )
