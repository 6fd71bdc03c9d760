"""The ways in which the models of a package's suite are split over two databases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.fidelity.split import ModelFacts, draw, falls_to_core
from tests.packages.catalog import Package

ACCOUNTS = ("auth", "contenttypes")


def accounts(package: Package, facts: dict[str, Any], seed: str) -> list[str]:
    """Accounts and content types in core."""
    return list(ACCOUNTS)


def own(package: Package, facts: dict[str, Any], seed: str) -> list[str]:
    """The package's own models in core."""
    return list(package.own)


def half(package: Package, facts: dict[str, Any], seed: str) -> list[str]:
    """About half of everything, drawn: whole apps where they have migrations, else models."""
    migrated = set(facts["migrated"])
    drawn_as = {label: group[0] for group in (ACCOUNTS, *package.together) for label in group}
    labels = [label for label in sorted(migrated) if falls_to_core(drawn_as.get(label, label), seed)]
    models = [ModelFacts(**fact) for fact in facts["models"]]
    return labels + draw(without(models, migrated), seed)


def without(models: Iterable[ModelFacts], apps: set[str]) -> list[ModelFacts]:
    return [model for model in models if model.label.split(".")[0] not in apps]


SPLITS = {"accounts": accounts, "own": own, "half": half}
