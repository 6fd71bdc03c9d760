"""What deletions in core do to local rows, whoever deleted.

A local transaction may have read the row before it was deleted, and refer to it after that was followed
here. So each deletion is looked at again and again, until no such transaction can be left.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from django.db import DatabaseError, models

from causeway.conf import LOCAL_ALIAS
from causeway.mirror.rounds import Follower
from causeway.mirror.state import WATCHED, WHOLE, Grave
from causeway.orphans.relations import Relation, relations
from causeway.orphans.repair import repair
from causeway.signals import deletion_protected

logger = logging.getLogger("causeway.mirror")

# For so many seconds a local transaction may have been open.
LONGEST_TRANSACTION = 600
AT_ONCE = 500
REPORTED = (models.PROTECT, models.RESTRICT)


def follow_deletions(follower: Follower, seconds: float = LONGEST_TRANSACTION) -> int:
    """Do to local rows what their relations ask for where core rows are gone; how many deletions were due."""
    graves = follower.state.graves(AT_ONCE)
    if not graves:
        return 0
    states = follower.state.tables()
    by_target = relations_by_table(follower.home)
    for name in dict.fromkeys(grave.name for grave in graves):
        state = states.get(name)
        if state is not None and state.state not in {WHOLE, WATCHED}:
            # Whether one is missing is known once the table is followed again.
            follower.state.visit_again(
                [grave for grave in graves if grave.name == name and grave.key is None], 1e9
            )
            continue
        of_table = [grave for grave in graves if grave.name == name]
        for relation in by_target.get(name, ()):
            apply(follower, relation, of_table)
        follower.state.visit_again(of_table, seconds)
    return len(graves)


def relations_by_table(home: str) -> dict[str, list[Relation]]:
    found: dict[str, list[Relation]] = {}
    for relation in relations():
        if relation.home == home:
            found.setdefault(str(relation.target._meta.db_table), []).append(relation)
    return found


def apply(follower: Follower, relation: Any, graves: Iterable[Grave]) -> None:
    """Look at a relation for some deletions. What keeps a row is logged; it is an orphan then."""
    keys = keys_of(follower, relation, graves)
    if keys == []:
        return
    if relation.on_delete in REPORTED:
        report(relation, keys)
        return
    try:
        for chunk in repair(relation, keys):
            if chunk.refusal is not None:
                logger.warning("A row of %s refers to nothing: %s", relation.label, chunk.refusal)
    except DatabaseError as error:
        logger.warning(
            "Cannot follow what was deleted from %r by %s: %s", follower.home, relation.label, error
        )


def keys_of(follower: Follower, relation: Any, graves: Iterable[Grave]) -> list[Any] | None:
    """By which keys rows of the relation refer to what is gone; None where any row may."""
    texts = [grave.key for grave in graves]
    field = getattr(relation, "field", None)
    refers_to_key = not isinstance(field, models.ForeignKey) or field.target_field.primary_key
    if None in texts or not refers_to_key:
        return None
    codec = follower.tables[str(relation.target._meta.db_table)].codec
    values = [codec.values(text)[0] for text in texts]
    if isinstance(field, models.ForeignKey):
        return values
    key = relation.model._meta.get_field(relation.key)
    return [key.to_python(str(value)) for value in values]


def report(relation: Any, keys: list[Any] | None) -> None:
    rows = relation.referring() if keys is None else relation.referring_to(keys)
    for page in relation.pages() if keys is None else [keys]:
        orphans = relation.orphans(rows, page).using(LOCAL_ALIAS)
        gone = list(orphans.order_by(relation.key).values_list(relation.key, flat=True).distinct()[:AT_ONCE])
        if gone:
            logger.warning("Rows of %s protect what is gone from core: %s", relation.label, gone)
            deletion_protected.send(sender=relation.model, relation=relation.label, keys=gone)
