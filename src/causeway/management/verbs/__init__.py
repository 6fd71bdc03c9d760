"""The verbs of ``manage.py causeway``, each in a module of its own."""

from causeway.management.verbs.base import Verb
from causeway.management.verbs.check import Check
from causeway.management.verbs.explain import Explain
from causeway.management.verbs.orphans import Orphans
from causeway.management.verbs.recover import Recover

__all__ = ["VERBS", "Verb"]

VERBS: dict[str, type[Verb]] = {"check": Check, "explain": Explain, "orphans": Orphans, "recover": Recover}
