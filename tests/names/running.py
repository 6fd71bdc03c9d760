"""A case in one database, and split into core and child."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.databases import core_product, placement, product
from tests.names import project
from tests.names.cases import Case
from tests.names.places import Place, full_name, standing

ROOT = Path(__file__).parents[2]
TIMEOUT = 300

Outcomes = dict[str, list[Any]]


def run(folder: Path, settings: str, *groups: str) -> Outcomes:
    """What the steps of some groups come to in a process of the project."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.names.steps", settings, *groups],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "error",
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    if process.returncode:
        raise AssertionError(f"The process ended with status {process.returncode}:\n{process.stderr}")
    found: Outcomes = json.loads(process.stdout)
    return found


WRITING = ("write", "commands", "test databases")


def in_one_database(case: Case, folder: Path, *groups: str) -> Outcomes:
    """What the steps come to with Django alone. Writes the apps with their migrations."""
    project.write_apps(folder, case.names)
    place = Place(case.product, full_name(case.product, f"1{case.places['child'][1:]}", folder))
    with standing(place):
        project.write_whole(folder, place)
        return run(folder, "whole", "make", "migrate", "read", *groups)


def split(case: Case, folder: Path, *groups: str) -> Iterator[tuple[str, Outcomes]]:
    """What the steps come to in a child project, by each placement that the two databases can have."""
    placements = ["staged"] if placement() == "staged" else ["linked", "staged"]
    places = {each: places_of(case, folder, each) for each in placements}
    with standing(*(place for pair in places.values() for place in pair)):
        project.write_cores(folder, [core for _, core in places.values()])
        made = run(folder, "cores", "cores")["migrate_cores"]
        assert made[0] == "ok", made
        for each, (child, core) in places.items():
            project.write_split(folder, each, case.alias, child, core)
            with decoys(child, case), decoys(core, case):
                yield each, run(folder, each, *groups)


def places_of(case: Case, folder: Path, each: str) -> tuple[Place, Place]:
    """The databases of the child and of its core. Linked on PostgreSQL, both are schemas of one."""
    child, core = (f"{each[0]}{case.places[which][1:]}" for which in ("child", "core"))
    schemas = case.places["child schema"], case.places["core schema"]
    here = full_name(product(), child, folder)
    if product() == "postgresql" and each == "linked":
        return Place(product(), here, schemas[0]), Place(product(), here, schemas[1])
    return Place(product(), here), Place(core_product(), full_name(core_product(), core, folder))


@contextmanager
def decoys(place: Place, case: Case) -> Iterator[None]:
    """Tables that a statement would meet which cuts a drawn name, or takes a part of it for something else.

    Raises AssertionError where one was touched.
    """
    names = parts_of(case)
    for name in names:
        place.rows(f"CREATE TABLE {place.quoted(name)} (id varchar(40))")
        place.rows(f"INSERT INTO {place.quoted(name)} VALUES ('a row of nobody''s')")
    yield
    dump = place.dump()
    touched = [name for name in names if dump.get(name) != [repr(("a row of nobody's",))]]
    assert not touched, f"Tables of nobody's were touched: {touched}"


def parts_of(case: Case) -> list[str]:
    taken = {name.casefold() for name in case.names.values()}
    found: dict[str, str] = {}
    for name in case.names.values():
        for piece in ("%", '"', "`", "'", "$", "/*", " ", ".", "--", ";"):
            for part in name.split(piece) if piece in name else ():
                part = part.strip()
                if part and len(part.encode()) < 60 and part.casefold() not in taken:
                    found.setdefault(part.casefold(), part)
    return list(found.values())
