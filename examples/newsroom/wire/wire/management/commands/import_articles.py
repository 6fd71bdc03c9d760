import os
from collections import Counter
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from wire import importing, manuscripts
from wire.manuscripts import Skipped


class Command(BaseCommand):
    help = (
        "Import Markdown, reStructuredText and text files as articles. A file becomes an article whole or not "
        "at all; one that was imported before is updated if it changed, and left alone if it did not."
    )

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="*", metavar="PATH", type=Path, help="a file or a folder")
        parser.add_argument(
            "--author", default="The editors", help="for files that name none (default: The editors)"
        )
        parser.add_argument(
            "--max-size", type=int, default=512, metavar="KB", help="skip larger files (default: 512)"
        )

    def handle(self, *, paths, author, max_size, **options):
        self.outcomes, self.skipped, self.others = Counter(), [], Counter()
        # A file that is named twice, or is in two of the folders, is read once.
        files = list(dict.fromkeys(file for path in paths or default_paths() for file in self.find(path)))
        if not (files or self.skipped or self.others):
            raise CommandError(f"There are no files in {', '.join(shown(path) for path in paths)}.")
        columns = TextColumn("Articles"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[file]}")
        with Progress(*columns, console=Console(file=self.stdout)) as progress:
            bar = progress.add_task("", total=len(files), file="")
            for file in files:
                progress.update(bar, file=escape(shown(file.name)))
                self.import_file(file, author, max_size * 1024)
                progress.update(bar, advance=1)
            progress.update(bar, file="")
        self.report()

    def find(self, path):
        """The files to read at or under a path. In a folder, those of other kinds are only counted."""
        if not os.path.exists(path):
            raise CommandError(f"There is no file or folder {shown(path)!r}.")
        if not path.is_dir():
            return [path]
        found = manuscripts.find(path, lambda folder, reason: self.skip(folder, f"cannot be read: {reason}"))
        files = [file for file in found if file.suffix.lower() in manuscripts.MARKUPS]
        self.others.update(file.suffix for file in found if file.suffix.lower() not in manuscripts.MARKUPS)
        return files

    def import_file(self, file, author, max_bytes):
        try:
            self.outcomes[importing.save(manuscripts.read(file, max_bytes), author)] += 1
        except Skipped as skipped:
            self.skip(file, str(skipped))
        except DatabaseError as error:
            raise CommandError(
                f"Stopped at {shown(file)!r}; the files before it are imported. {error}"
            ) from error

    def skip(self, path, reason):
        self.skipped.append((path, reason))

    def report(self):
        count = self.outcomes
        self.stdout.write(
            f"{count[importing.ADDED]} added, {count[importing.UPDATED]} updated, "
            f"{count[importing.UNCHANGED]} unchanged, {len(self.skipped)} skipped."
        )
        for path, reason in self.skipped:
            self.stdout.write(f"  skipped {shown(path)}: it {reason}")
        if self.others:
            kinds = ", ".join(shown(kind) or "no ending" for kind in sorted(self.others)[:8])
            self.stdout.write(f"  files of other kinds passed over: {self.others.total()} ({kinds})")


def default_paths():
    """What the setting IMPORT_ARTICLES_FROM lists, as far as it is there."""
    paths = [Path(path) for path in getattr(settings, "IMPORT_ARTICLES_FROM", [])]
    if found := [path for path in paths if path.exists()]:
        return found
    raise CommandError("Say what to import: manage.py import_articles PATH (a file or a folder).")


def shown(path):
    """A path as text that any terminal takes: bytes that are no UTF-8 are written as escapes."""
    return os.fsencode(path).decode(errors="backslashreplace")
