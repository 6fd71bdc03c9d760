"""Accounts and entries on both sides. ``CoreAccount`` and ``CoreEntry`` have their home in core.

An entry tells the name of the transaction that made it, and the local one refers to core's.
"""

from django.db import models


class Account(models.Model):
    balance = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self):
        return str(self.balance)


class Entry(models.Model):
    token = models.CharField(max_length=40, unique=True)
    gid = models.CharField(max_length=64)

    class Meta:
        abstract = True

    def __str__(self):
        return self.token


class LocalAccount(Account):
    pass


class CoreAccount(Account):
    pass


class CoreEntry(Entry):
    pass


class LocalEntry(Entry):
    entry = models.ForeignKey(CoreEntry, models.CASCADE)
