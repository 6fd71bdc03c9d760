"""The verbs of ``manage.py causeway``, each in a module of its own."""

from causeway.management.verbs.base import Verb
from causeway.management.verbs.check import Check
from causeway.management.verbs.constraints import Constraints
from causeway.management.verbs.explain import Explain
from causeway.management.verbs.feed import Feed
from causeway.management.verbs.mirror import Mirror
from causeway.management.verbs.orphans import Orphans
from causeway.management.verbs.recover import Recover
from causeway.management.verbs.sync import Sync

__all__ = ["VERBS", "Verb"]

VERBS: dict[str, type[Verb]] = {
    "check": Check,
    "constraints": Constraints,
    "explain": Explain,
    "feed": Feed,
    "mirror": Mirror,
    "orphans": Orphans,
    "recover": Recover,
    "sync": Sync,
}
