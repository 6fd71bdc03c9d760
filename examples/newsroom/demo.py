#!/usr/bin/env python
"""Set up the newsroom and play its story in the terminal: python demo.py [--db sqlite3|mysql|mariadb|postgresql]"""

import sys

from newsroom import NewsroomError, engine_asked_for, newsroom
from rich.console import Console
from rich.panel import Panel

console = Console(highlight=False, soft_wrap=True)
EDITED = "the-road-with-a-timetable"
DELETED = "fifty-five-kilometres-and-which-side-to-drive-on"


def scene(title, text):
    console.print()
    console.rule(f"[bold]{title}", align="left")
    console.print(f"{text}\n", style="italic")


def set_up(room):
    scene(room.databases.title, "What an earlier run left is removed. Each project migrates its own.")
    room.create_databases()
    room.migrate()
    scene("Real input", "Towns from the GeoNames data; articles from this repository's documentation.")
    room.fill()


def play(room):
    scene("What each project sees", "One set of articles. Comments, letters and sections stay at home.")
    for project in ("wire", "daily", "weekly"):
        room.manage(project, "story", "sees")

    scene("An edit in the daily", "Article and comment are in two databases, and saved in one transaction.")
    room.manage("daily", "story", "edits", EDITED)
    for project in ("wire", "weekly"):
        room.manage(project, "show_article", EDITED)
    room.manage("daily", "story", "fails", EDITED)

    scene("One query over both databases", "The database engine runs it; the tables are named in full.")
    room.manage("daily", "story", "asks")
    scene("Articles with local fields", "A feature is a row in core and one of the weekly's own.")
    room.manage("weekly", "story", "extends")

    scene("One model, two managers", "The same class writes one story at home and one in core.")
    room.manage("weekly", "story", "writes")
    room.manage("wire", "story", "stories")

    scene("A deletion", "The daily deletes a core article, with all that hangs on it here and there.")
    room.manage("daily", "story", "deletes", DELETED)
    for project in ("wire", "weekly"):
        room.manage(project, "show_article", DELETED)


def main():
    engine = engine_asked_for("Set up the newsroom and play its story in the terminal.")
    try:
        with newsroom(engine) as room:
            set_up(room)
            play(room)
    except NewsroomError as error:
        console.print(f"\n{error}", style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    more = "make serve" if engine == "sqlite3" else f"make serve DB={engine}"
    console.print(Panel(f"The end. [bold]{more}[/] shows the three sites.", expand=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
