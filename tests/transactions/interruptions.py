"""Exceptions that are no error of a database, as a signal brings them, at each line that begins or ends transactions."""

from __future__ import annotations

import os
import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import django.db
from django.db import Error, close_old_connections

import causeway

# How many lines of each scenario are tried, or "all".
VARIABLE = "CAUSEWAY_TEST_LINES"
FOLDERS = [Path(package.__file__).parent for package in (causeway, django.db)]
# Where transactions, savepoints and connections begin and end.
DJANGOS = ("transaction.py", "backends/base/base.py", "backends/utils.py", "utils.py")
ENGINES = ("sqlite3", "mysql", "postgresql")
FILES = {
    *(str(FOLDERS[1] / name) for name in DJANGOS),
    *(str(FOLDERS[1] / "backends" / engine / "base.py") for engine in ENGINES),
    *(str(path) for path in (FOLDERS[0] / "transactions").glob("*.py")),
    *(
        str(FOLDERS[0] / "backends/base" / f"{name}.py")
        for name in ("blocks", "branches", "cursor", "transactions", "unit")
    ),
    *(
        str(FOLDERS[0] / "backends" / engine / f"{name}.py")
        for engine in ENGINES
        for name in ("base", "branches")
    ),
}

# What takes a lock of Python's: an exception may come between taking and letting go, and all who ask for it wait
# for ever, in Django alone as well. https://github.com/python/cpython/issues/74174
LOCKED = {"allow_thread_sharing", "inc_thread_sharing", "dec_thread_sharing"}

# Whose lines a user's block reaches itself.
OUTERMOST = {str(FOLDERS[1] / "transaction.py")}


class Interrupted(Exception):
    """Such as Celery's SoftTimeLimitExceeded."""


class Exited(BaseException):
    """Such as SystemExit."""


class Line(NamedTuple):
    """A line, and the one of Django's that it serves."""

    file: str
    number: int
    djangos: str

    def __str__(self) -> str:
        return f"{short(self.file)}:{self.number}"


def short(file: str) -> str:
    return next(
        str(Path(file).relative_to(folder.parent)) for folder in FOLDERS if folder in Path(file).parents
    )


def line_of(frame: FrameType) -> Line:
    """The line that a frame is at."""
    outer: FrameType | None = frame
    while outer is not None and outer.f_code.co_filename not in OUTERMOST:
        outer = outer.f_back
    djangos = f"{short(outer.f_code.co_filename)}:{outer.f_lineno}" if outer else ""
    return Line(frame.f_code.co_filename, frame.f_lineno, djangos)


class Point(NamedTuple):
    """The so-manieth time that a line is reached."""

    file: str
    number: int
    time: int


class Lines:
    """Notes the lines that are reached while the block is open, in order, and raises at one of them."""

    def __init__(self, at: Point | None = None) -> None:
        self.at = at
        self.reached_lines: list[Line] = []
        self.times: Counter[tuple[str, int]] = Counter()
        # The line of Django's that each of them serves.
        self.served: dict[Point, str] = {}

    def __enter__(self) -> Lines:
        sys.settrace(self.called)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.settrace(None)

    def called(self, frame: FrameType, event: str, arg: object) -> Any:
        code = frame.f_code
        return self.reached if code.co_filename in FILES and code.co_name not in LOCKED else None

    def reached(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "line":
            line = frame.f_code.co_filename, frame.f_lineno
            self.times[line] += 1
            self.reached_lines.append(line_of(frame))
            point = Point(*line, self.times[line])
            self.served[point] = self.last.djangos
            if point == self.at:
                raise Interrupted if frame.f_lineno % 2 else Exited
        return self.reached

    @property
    def last(self) -> Line:
        return self.reached_lines[-1]


def interrupted(function: Callable[[], None], at: Point | None = None) -> Lines:
    """Call a function, and interrupt it where it reaches a point."""
    with Lines(at) as lines, suppress(Interrupted, Exited, Error):
        function()
    return lines


def points(lines: Lines) -> list[Point]:
    """Where each line was reached first, and last."""
    return sorted({Point(*line, time) for line, times in lines.times.items() for time in (1, times)})


def chosen(lines: Lines) -> list[Point]:
    """Those of the points that are to be tried."""
    wanted, found = os.environ.get(VARIABLE, "4"), points(lines)
    if wanted == "all" or int(wanted) >= len(found):
        return found
    return random.Random(os.environ.get("CAUSEWAY_TEST_RUN", "1")).sample(found, int(wanted))


# What happens before the next block: nothing, as in a loop of one task, or what Django does between two requests.
BETWEEN: dict[str, Callable[[], None]] = {
    "at once": lambda: None,
    "in the next request": close_old_connections,
}
