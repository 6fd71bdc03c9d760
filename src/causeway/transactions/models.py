"""What the databases keep of transactions over several of them. ``decisions`` and ``branch_rows`` read and write it."""

from typing import Any
from uuid import uuid4

from django.db import models


class Decision(models.Model):
    """That a transaction over two databases is to be committed, or to be rolled back."""

    gid: Any = models.CharField(max_length=64, primary_key=True)
    is_abort: Any = models.BooleanField()
    made_at: Any = models.DateTimeField()
    # What was prepared, as JSON: by alias, the keys of the rows that are new there; null where no Branch is written.
    branches: Any = models.TextField(default="")

    def __str__(self) -> str:
        return str(self.gid)


class Branch(models.Model):
    """That what was prepared here under that name is committed: the row was written with it."""

    gid: Any = models.CharField(max_length=64, primary_key=True)
    made_at: Any = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.gid)


def new_key() -> str:
    return uuid4().hex


class Installation(models.Model):
    """What tells the child's database from others that share a core."""

    id: Any = models.PositiveSmallIntegerField(primary_key=True, default=1)
    key: Any = models.CharField(max_length=32, default=new_key)
    # What the databases said of themselves that it was or is, as JSON.
    identities: Any = models.TextField(default="")

    def __str__(self) -> str:
        return str(self.key)
