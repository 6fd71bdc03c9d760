"""Draws, by a seed, which models of Django's tests live in core."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ModelFacts:
    """What the drawing has to know of a model.

    ``own_tables`` are those that its many-to-many fields made; ``targets`` are the labels of
    the models to which its relations refer.
    """

    label: str
    table: str
    own_tables: tuple[str, ...]
    targets: tuple[str, ...]


def draw(models: Iterable[ModelFacts], seed: str, *, closed: bool = False) -> list[str]:
    """The labels of the models that live in core, about half of them.

    Models of one table share a home. ``closed`` adds whatever a core model refers to, so that
    core never refers to the child's database.
    """
    models = list(models)
    # A many-to-many field's table goes with the field's model, even where a model maps it too.
    drawn_with = {table.lower(): model.table for model in models for table in model.own_tables}
    core = {
        model.label
        for model in models
        if falls_to_core(drawn_with.get(model.table.lower(), model.table), seed)
    }
    return sorted(with_targets(core, models) if closed else core)


def falls_to_core(table: str, seed: str) -> bool:
    """The toss of a coin that always falls the same way for a table and a seed."""
    return hashlib.sha256(f"{seed}|{table.lower()}".encode()).digest()[0] % 2 == 1


def with_targets(core: set[str], models: list[ModelFacts]) -> set[str]:
    """The labels, and those of all models that they refer to or share a table with."""
    while True:
        inside = [model for model in models if model.label in core]
        targets = {target for model in inside for target in model.targets}
        tables = {model.table.lower() for model in inside}
        grown = core | {
            model.label for model in models if model.label in targets or model.table.lower() in tables
        }
        if grown == core:
            return core
        core = grown
