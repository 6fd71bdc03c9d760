"""Core articles with fields of this project's own, and stories in both databases."""

from django.db import models
from django.urls import reverse
from wire.models import Article, ReaderComment
from wire.stories import CoreStory


class Section(models.TextChoices):
    PLACES = "places", "Places"
    ENGINEERING = "engineering", "Engineering"
    HISTORY = "history", "History"
    WORKSHOP = "workshop", "Workshop"


class Feature(Article):
    """An article of the wire that the weekly prints.

    Multi-table inheritance: title and text are a row of the core database, section and teaser a
    row of the weekly's own that points at it.
    """

    section = models.CharField(max_length=20, choices=Section.choices, db_index=True)
    teaser = models.CharField(max_length=300)

    @classmethod
    def take_up(cls, article, *, section, teaser):
        """The feature made of an article that is there: only the local half is written."""
        feature = cls(article_ptr=article, section=section, teaser=teaser)
        feature.save_base(raw=True)  # raw: without its parent, which would be written over
        feature.refresh_from_db()
        return feature


class Letter(ReaderComment):
    """A letter to the editor about an article."""


class Story(CoreStory):
    """``Story.objects`` are the weekly's own stories, ``Story.contents`` those of the wire's desk."""

    @property
    def of_the_wire(self):
        return self._state.db == "core"

    def get_absolute_url(self):
        return reverse("story", args=["wire" if self.of_the_wire else "ours", self.slug])

    def get_edit_url(self):
        return f"{self.get_absolute_url()}edit/"


class WireStory(Story):
    """``Story`` a second time, so that the admin can list the rows in core by themselves."""

    class Meta:
        proxy = True
        verbose_name = "story of the wire's desk"
        verbose_name_plural = "stories of the wire's desk"
