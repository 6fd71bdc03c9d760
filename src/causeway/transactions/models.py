"""What a child's own database keeps of transactions. ``causeway.transactions.decisions`` reads and writes it."""

from typing import Any
from uuid import uuid4

from django.db import models


class Decision(models.Model):
    """That a transaction over two databases is to be committed, or to be rolled back."""

    gid: Any = models.CharField(max_length=64, primary_key=True)
    is_abort: Any = models.BooleanField()
    made_at: Any = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.gid)


def new_key() -> str:
    return uuid4().hex


class Installation(models.Model):
    """What tells the child's database from others that share a core."""

    id: Any = models.PositiveSmallIntegerField(primary_key=True, default=1)
    key: Any = models.CharField(max_length=32, default=new_key)

    def __str__(self) -> str:
        return str(self.key)
