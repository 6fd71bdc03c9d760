"""What a child's own database keeps of transactions. ``causeway.transactions.decisions`` reads and writes it."""

from uuid import uuid4

from django.db import models


class Decision(models.Model):
    """That a transaction over two databases is to be committed, or to be rolled back."""

    gid = models.CharField(max_length=64, primary_key=True)
    is_abort = models.BooleanField()
    made_at = models.DateTimeField()

    def __str__(self):
        return self.gid


def new_key():
    return uuid4().hex


class Installation(models.Model):
    """What tells the child's database from others that share a core."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    key = models.CharField(max_length=32, default=new_key)

    def __str__(self):
        return self.key
