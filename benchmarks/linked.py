"""What *linked* costs: a project with causeway against the same project on Django alone."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable

import databases
import django
import worker
from measure import Figure, compare, process, processes, take_turns
from projects import Project, Server, causeway, stock

GROUPS = {
    "manager": ("Content.contents against stock Content.objects.using('core')", worker.run),
    "spanning": ("A spanning query against the same query with all tables in one database", worker.run),
    "compile-local": ("Compiling statements on local models", worker.compile_sql),
    "compile-core": ("Compiling statements that name core models", worker.compile_sql),
}


def prepare(server: Server, rows: int, local_rows: int) -> None:
    for project in (causeway(server), stock(server)):
        said = fill(project, rows, local_rows)
    print(f"\n# {said}: {rows:,} core rows, {local_rows:,} local rows\n")
    print_environment()


def fill(project: Project, rows: int, local_rows: int) -> str:
    with process(project) as peer:
        return peer.ask(databases.fill, project, rows, local_rows)


def print_environment() -> None:
    print(f"Python {platform.python_version()}, Django {django.__version__}, {os.cpu_count()} processors")


def compared(server: Server, control: bool) -> tuple[Project, Project]:
    theirs = stock(server)
    return (stock(server, "stock too") if control else causeway(server)), theirs


def measure(projects: tuple[Project, Project], group: str, rounds: int, repeat: int) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    _, task = GROUPS[group]
    for seed in range(rounds):
        with processes(list(projects), seed) as (ours, theirs):
            for peer in (ours, theirs):
                peer.start()
            for name in ours.ask(worker.names, group):
                if task is worker.run:
                    compare(ours, group, name, theirs.shape(worker.answer, group, name))
                take_turns([theirs, ours], figures.setdefault(name, Figure()), task, group, name, repeat)
    return figures


def report(projects: tuple[Project, Project], group: str, figures: dict[str, Figure]) -> None:
    title, task = GROUPS[group]
    ours, theirs = (project.name for project in projects)
    print(f"\n## {title}\n")
    print(f"| | {ours} ms | {theirs} ms | ratio | middle half of the pairs | processor time |")
    print("|---|---:|---:|---:|---|---:|")
    walls, works = [], []
    for name, figure in figures.items():
        low, high = figure.spread(ours, theirs)
        walls.append((figure.wall(ours), figure.wall(theirs)))
        works.append((figure.work(ours), figure.work(theirs)))
        row(name, walls[-1], f"{low:.3f} – {high:.3f}", works[-1])
    if task is worker.compile_sql:
        row("all together", total(walls), "", total(works))


def total(medians: Iterable[tuple[float | None, float | None]]) -> tuple[float, float] | None:
    known = [(ours, theirs) for ours, theirs in medians if ours and theirs]
    return (sum(ours for ours, _ in known), sum(theirs for _, theirs in known)) if known else None


def row(name: str, wall: tuple, spread: str, work: tuple | None) -> None:
    ours, theirs = wall
    processors = f"{work[0] / work[1]:.3f}" if work and all(work) else "not known"
    print(
        f"| {name} | {ours * 1000:.4g} | {theirs * 1000:.4g} | {ours / theirs:.3f} | {spread} | {processors} |",
        flush=True,
    )
