"""Which types have room for all values of another one."""

from __future__ import annotations

import re

PARTS = re.compile(
    r"(?P<name>[a-z]+(?: precision| varying)?) ?(?:\((?P<sizes>[\d,]+)\))?(?P<rest>(?: [a-z ]+)?)"
)
INTEGERS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "integer": 4, "bigint": 8}
FLOATS = {"real": 4, "float": 4, "double": 8, "double precision": 8}
# In bytes, where nothing is said of characters.
TEXTS = {
    "tinytext": 255,
    "text": 65_535,
    "mediumtext": 2**24 - 1,
    "longtext": 2**32 - 1,
    "character varying": 2**32,
}
BINARIES = {"tinyblob": 255, "blob": 65_535, "mediumblob": 2**24 - 1, "longblob": 2**32 - 1}
SIZED_TEXTS = {"char", "character", "character varying", "varchar"}
SIZED_BINARIES = {"binary", "varbinary"}
TIMES = {"datetime", "time", "timestamp"}
# MySQL's have up to four bytes for a character.
BYTES = 4


def has_room_for(live: str, asked: str, texts_end: bool = True) -> bool:
    """Whether a column of the type ``live`` takes what one of the type ``asked`` takes, and gives it back as that does.

    Both as ``Catalog.type_key()`` gives them. ``texts_end`` says that a ``text`` has an end.
    """
    there, wanted = parsed(live), parsed(asked)
    if there is None or wanted is None or there.rest != wanted.rest:
        return False
    for kind in (integers, floats, decimals, times):
        if (found := kind(there, wanted)) is not None:
            return found
    return texts(there, wanted, texts_end)


class Type:
    def __init__(self, name: str, sizes: list[int], rest: str) -> None:
        self.name, self.sizes, self.rest = name, sizes, rest


def parsed(text: str) -> Type | None:
    match = PARTS.fullmatch(text)
    if match is None:
        return None
    return Type(
        match["name"], [int(size) for size in (match["sizes"] or "").split(",") if size], match["rest"] or ""
    )


def by_rank(ranks: dict[str, int], there: Type, wanted: Type) -> bool | None:
    if there.name not in ranks or wanted.name not in ranks or there.sizes or wanted.sizes:
        return None
    return ranks[there.name] >= ranks[wanted.name]


def integers(there: Type, wanted: Type) -> bool | None:
    return by_rank(INTEGERS, there, wanted)


def floats(there: Type, wanted: Type) -> bool | None:
    return by_rank(FLOATS, there, wanted)


def decimals(there: Type, wanted: Type) -> bool | None:
    if {there.name, wanted.name} - {"decimal", "numeric"} or len(there.sizes) != 2 or len(wanted.sizes) != 2:
        return None
    (digits, places), (wanted_digits, wanted_places) = there.sizes, wanted.sizes
    return places >= wanted_places and digits - places >= wanted_digits - wanted_places


def times(there: Type, wanted: Type) -> bool | None:
    if there.name != wanted.name or there.name not in TIMES:
        return None
    return (there.sizes or [0]) >= (wanted.sizes or [0])


def texts(there: Type, wanted: Type, texts_end: bool) -> bool:
    for sized, unsized, width in ((SIZED_TEXTS, TEXTS, BYTES), (SIZED_BINARIES, BINARIES, 1)):
        if wanted.name in sized and wanted.sizes:
            size = wanted.sizes[0]
            if there.name in sized and there.sizes:
                return there.name == wanted.name and there.sizes[0] >= size
            return there.name in unsized and (not texts_end or unsized[there.name] >= size * width)
        if wanted.name in unsized and there.name in unsized and not there.sizes:
            return not texts_end or unsized[there.name] >= unsized[wanted.name]
    return False
