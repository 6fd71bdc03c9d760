"""The core project's app: an article that lives only in core, and a content with rows in both databases."""

from django.conf import settings
from django.db import models

from causeway.models import CoreManager


class Article(models.Model):
    title = models.CharField(max_length=255, db_index=True)
    slug = models.SlugField(max_length=255, unique=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "article"
        # In GROUP BY, Django lets the key of a managed model stand for its row. A foreign table has no key.
        managed = not getattr(settings, "CORE_TABLES_ARE_FOREIGN", False)


class CoreContent(models.Model):
    title = models.CharField(max_length=255, db_index=True)
    slug = models.SlugField(max_length=255, unique=True)
    created_at = models.DateTimeField()

    objects = models.Manager()
    contents = CoreManager()

    class Meta:
        abstract = True
        db_table = "content"
