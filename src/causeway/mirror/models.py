"""What a child's own database keeps of its mirrors. ``causeway.mirror.state`` reads and writes it."""

from typing import Any

from django.db import models


class MirrorPosition(models.Model):
    """How far a core's change log was read. Whoever runs a round holds the lock of its row."""

    home: Any = models.CharField(max_length=128, primary_key=True)
    # JSON, as ``causeway.feed.sources`` make it; empty before the first round.
    position: Any = models.TextField(default="")
    # The number of the last round that changed anything here.
    number: Any = models.BigIntegerField(default=0)
    # When the last round was, by this side's clock, in seconds since 1970.
    read_at: Any = models.FloatField(null=True)
    # Why the last round could not be done.
    complaint: Any = models.TextField(default="")

    def __str__(self) -> str:
        return str(self.home)


class MirrorTable(models.Model):
    """One core table that is followed here."""

    # Whatever a project's default is, the migration holds.
    id: Any = models.BigAutoField(primary_key=True)
    home: Any = models.CharField(max_length=128)
    name: Any = models.CharField(max_length=128)
    # copying, whole, suspect; watched for a table that has no copy here, whose deletions are followed.
    state: Any = models.CharField(max_length=16)
    reason: Any = models.TextField(default="")
    # Each copy is a table of its own: this is the number of the one in use.
    generation: Any = models.IntegerField(default=0)
    # How core's table was made, and how the copy is.
    digest: Any = models.TextField(default="")
    definition: Any = models.CharField(max_length=64, default="")
    # JSON: the last key that was copied, or verified.
    copied: Any = models.TextField(default="")
    verified: Any = models.TextField(default="")
    # When the state, and the last whole verification, came to be.
    since: Any = models.FloatField(default=0)
    verified_at: Any = models.FloatField(null=True)
    # The number of the last round that changed rows of it.
    version: Any = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["home", "name"], name="causeway_mirrortable_unique")]

    def __str__(self) -> str:
        return f"{self.home}.{self.name}"


class Tombstone(models.Model):
    """A core row that is gone, whose local relations are looked at until nobody can have read it."""

    id: Any = models.BigAutoField(primary_key=True)
    home: Any = models.CharField(max_length=128)
    name: Any = models.CharField(max_length=128)
    key: Any = models.TextField()
    made_at: Any = models.FloatField()
    next_at: Any = models.FloatField(db_index=True)

    def __str__(self) -> str:
        return f"{self.home}.{self.name} {self.key}"
