"""The two-manager pattern: one model, whose rows are in the project's own database and in core.

Apart from ``models.py``, because it is the only module here that needs causeway to be installed.
"""

from django.db import models

from causeway.models import CoreManager
from wire.models import ArticleFields


class CoreStory(ArticleFields):
    """A story of a project's own desk. Each project makes a concrete ``Story`` of it."""

    byline = models.CharField(max_length=120, default="The editors")

    objects = models.Manager()  # the project's own stories
    contents = CoreManager()  # the stories of the core project's desk

    class Meta(ArticleFields.Meta):
        abstract = True
        db_table = "story"  # one table name in every project
        verbose_name_plural = "stories"
