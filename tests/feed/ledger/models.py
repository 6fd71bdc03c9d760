"""What core has in the stress of the feed: sums that stay, groups that are whole or not there, keys of every type."""

import uuid

from django.db import models


class Account(models.Model):
    """Amounts move between accounts; an account may get another key."""

    balance = models.BigIntegerField()
    slug = models.SlugField(max_length=100, unique=True)


class Member(models.Model):
    """The five members of a group are made, changed and deleted together."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    group = models.BigIntegerField(db_index=True)
    part = models.IntegerField()
    mark = models.IntegerField(default=0)


class Word(models.Model):
    text = models.CharField(max_length=100, primary_key=True)
    count = models.IntegerField()


class Cell(models.Model):
    pk = models.CompositePrimaryKey("row", "column")
    row = models.IntegerField()
    column = models.CharField(max_length=20)
    value = models.IntegerField()


class Savings(Account):
    """Its rows are in two tables."""

    rate = models.IntegerField()


class Club(models.Model):
    accounts = models.ManyToManyField(Account)
