"""The local models of the child project: one for each kind of relation to a core model."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from tests.library.models import Article, CoreContent


class Comment(models.Model):
    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    text = models.TextField()
    flagged = models.BooleanField(default=False)

    def __str__(self):
        return self.text


class Rating(models.Model):
    article = models.OneToOneField(Article, models.CASCADE, related_name="rating")
    stars = models.PositiveSmallIntegerField()

    def __str__(self):
        return f"{self.stars} stars"


class Bookmark(models.Model):
    article = models.ForeignKey(Article, models.SET_NULL, null=True, blank=True, related_name="bookmarks")
    reader = models.CharField(max_length=100)

    def __str__(self):
        return self.reader


class Pin(models.Model):
    article = models.ForeignKey(Article, models.PROTECT, related_name="pins")
    position = models.PositiveIntegerField()

    def __str__(self):
        return f"at {self.position}"


class Shelf(models.Model):
    name = models.CharField(max_length=100)
    articles = models.ManyToManyField(Article, related_name="shelves", blank=True)

    def __str__(self):
        return self.name


class Story(Article):
    """Shared content with local fields: the parent's row is in core, the child's here."""

    teaser = models.TextField(blank=True)
    position = models.PositiveIntegerField(default=0)


class Label(models.Model):
    name = models.CharField(max_length=50)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey("content_type", "object_id")

    def __str__(self):
        return self.name


class Note(models.Model):
    """Has the table name of ``library.Note``, in another home."""

    text = models.CharField(max_length=100)

    class Meta:
        db_table = "note"

    def __str__(self):
        return self.text


class Content(CoreContent):
    """``objects`` are the rows of this project, ``contents`` those in core."""
