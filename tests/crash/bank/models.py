"""Accounts and entries on both sides. ``CoreAccount`` and ``CoreEntry`` have their home in core."""

from django.db import models


class Account(models.Model):
    balance = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self):
        return str(self.balance)


class Entry(models.Model):
    token = models.CharField(max_length=40, unique=True)

    class Meta:
        abstract = True

    def __str__(self):
        return self.token


class LocalAccount(Account):
    pass


class LocalEntry(Entry):
    pass


class CoreAccount(Account):
    pass


class CoreEntry(Entry):
    pass
