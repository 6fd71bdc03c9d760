"""The ways that staged rows can take: which limits decide is drawn, that every way is gone."""

from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from django.db import connections
from hypothesis import strategies as st

from causeway.placements.staged import keys, page, top_n, writes
from tests import databases


def limits():
    """Each limit by its name: where it stands, and numbers to draw from."""
    return {
        "rows inline": (connections["default"].ops, "inline_limit", [0, 1, 2, 3, 8]),
        "keys": (keys, "MOST_KEYS", [0, 1, 2, 3, 5]),
        # A hundred of them are left to the conditions.
        "parameters": (connections["core"].features, "max_query_params", [101, 102, 105]),
        "keys written at once": (writes, "CHUNK", [2, 3, 5]),
        "rows before a page": (page, "LEAST_BEFORE", [1, 2, 5]),
        "rows up to a page": (page, "MOST_BEFORE", [2, 4, 8]),
        "first rows": (top_n, "LEAST_FIRST", [1, 2, 4]),
        "first rows by the page": (top_n, "TIMES_THE_PAGE", [0, 1, 2]),
        "first rows again": (top_n, "THEN_TIMES", [1, 2, 4]),
    }


@st.composite
def roads(draw):
    """Other limits than the library's, by their names: none, some of them, or all."""
    many = draw(st.sampled_from(["none", "some", "all"])) if databases.placement() == "staged" else "none"
    drawn = {
        name: draw(st.sampled_from([*numbers, *([None] * len(numbers) if many == "some" else [])]))
        for name, (*_, numbers) in limits().items()
        if many != "none"
    }
    return {name: number for name, number in drawn.items() if number is not None}


@contextmanager
def taken(road):
    """Meanwhile, the limits are those of the road."""
    with ExitStack() as stack:
        for name, number in road.items():
            target, attribute, _ = limits()[name]
            stack.enter_context(patch.object(target, attribute, number))
        yield
