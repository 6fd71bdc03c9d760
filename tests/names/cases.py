"""Names that an engine may be given, drawn by a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.databases import engine_of
from tests.names.places import LONGEST
from tests.names.project import CORE_NAMES, CORE_TABLES, INDEX_NAMES, LOCAL_NAMES, LOCAL_TABLES

# What means something to SQL, to a driver, to Python's formatting or to a file system.
PIECES = [
    *("%", "%s", "%(a)s", "%%", "%b", '"', "`", "'", "$$", "$1", "/*c*/", "--", "#", ";", ":a", "?", "\\"),
    *(
        " ",
        ".",
        "..",
        "@",
        "[",
        "]",
        "(",
        ")",
        ",",
        "{0}",
        "{a}",
        "=",
        "&",
        "~",
        "^",
        "\t",
        "é",
        "漢",
        "İ",
        "😀",
    ),
    *('"."', "`.`", "';", '";--', "` ;", "core", "default", "SELECT", "from"),
]
# What Django puts wrong into statements, or refuses, in the names of tables and columns; and, on MySQL, what
# no name may have.
UNBEARABLE = {"sqlite3": ('"', "%"), "mysql": ("`", "%", "😀"), "postgresql": ('"', "%", "$")}
# "test_causeway_1234567_" goes before the name of a database.
BEFORE = 23


@dataclass
class Case:
    """``alias`` is that of the core database, ``places`` name databases and schemas, ``names`` tables and the like."""

    product: str
    seed: object
    alias: str = "core"
    places: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


def case(seed: object, product: str, core_product: str) -> Case:
    """A case by its seed. The names of models are ones that Django bears on the engines of both databases."""
    draw = random.Random(f"{product} {core_product} {seed}")
    found = Case(product, seed)
    if draw.random() < 0.7:
        found.alias = name(draw, PIECES, 90)
    engines = {engine_of(product), engine_of(core_product)}
    longest = min(LONGEST[product], LONGEST[core_product])
    of_places = [piece for piece in PIECES if "mysql" not in engines or piece != "😀"]
    for which in ("child", "core"):
        found.places[which] = name(draw, of_places, longest - BEFORE)
        # Its beginning is not the other's: PostgreSQL may cut it.
        found.places[f"{which} schema"] = which[1] + name(draw, PIECES, longest + 7)
    draw_names(draw, found, engines, longest)
    return found


def plain_case(product: str, **names: str) -> Case:
    """A case with plain names but for those of some tables and columns."""
    every = {which: f"a_{which}" for which in (*CORE_NAMES, *LOCAL_NAMES, *INDEX_NAMES)}
    places = {"child": "child", "core": "core", "child schema": "here", "core schema": "there"}
    return Case(product, "plain", "core", places, every | names)


def draw_names(draw: random.Random, found: Case, engines: set[str], longest: int) -> None:
    unbearable = {piece for engine in engines for piece in UNBEARABLE[engine]}
    pieces = [piece for piece in PIECES if unbearable.isdisjoint(piece)]
    names, is_cut = found.names, "postgresql" in engines
    for which in (*CORE_NAMES, *LOCAL_NAMES, *INDEX_NAMES):
        # PostgreSQL cuts what Django makes of other letters to tell indexes apart.
        fillers = "l" if is_cut and which != "tag" else "lé漢"
        while (
            which not in names or list(map(str.casefold, names.values())).count(names[which].casefold()) > 1
        ):
            names[which] = name(draw, pieces, longest_of(which, longest), fillers)
    if found.alias == "core" and draw.random() < 0.7:
        # What a placement may call something of its own.
        for which, core_name in (("comment", "article"), ("text", "author")):
            name_there = f"core.{names[core_name]}"
            if len(name_there.encode()) <= longest_of(which, longest):
                names[which] = name_there
    for which in draw.sample(CORE_TABLES, 2) if is_cut else ():
        # The server knows it by its beginning.
        names[which] += "l" * (longest + 7 - len(names[which]))


def longest_of(which: str, longest: int) -> int:
    """How long a name may be: Django puts more after that of a column, and holds those of indexes short."""
    if which in INDEX_NAMES:
        return 30
    return longest if which in CORE_TABLES + LOCAL_TABLES else longest - 4


def name(draw: random.Random, pieces: list[str], longest: int, fillers: str = "lé漢") -> str:
    """Letters and pieces; one in four is as long as it may be."""
    parts = [draw.choice("abcxyz") + draw.choice("abcxyz0123")]
    for _ in range(draw.choice((1, 1, 2, 3))):
        parts += [draw.choice(pieces), draw.choice("abcxyz")]
    found = "".join(parts)
    if draw.random() < 0.25:
        filler = draw.choice(fillers)
        while len((filler + found).encode()) <= longest:
            found = filler + found
    while len(found.encode()) > longest:
        found = found[1:]
    return found
