"""The core models: the whole app is named in ``MODELS``, so their rows live only in core."""

from django.db import models

from causeway.models import CoreManager


class Author(models.Model):
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=50, unique=True)

    def __str__(self):
        return self.name


class Article(models.Model):
    title = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)
    author = models.ForeignKey(Author, models.CASCADE, related_name="articles")
    tags = models.ManyToManyField(Tag, related_name="articles", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.title


class Section(models.Model):
    """A tree."""

    name = models.CharField(max_length=100)
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")

    def __str__(self):
        return self.name


class Note(models.Model):
    """Has the table name of ``shop.Note``, in another home."""

    text = models.CharField(max_length=100)

    class Meta:
        db_table = "note"

    def __str__(self):
        return self.text


class CoreContent(models.Model):
    """The two-manager pattern: a concrete child of it has rows in both databases."""

    title = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = models.Manager()
    contents = CoreManager()

    class Meta:
        abstract = True
        db_table = "content"

    def __str__(self):
        return self.title
