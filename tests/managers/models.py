"""Models with rows in both databases, and local models that refer to them."""

# ruff: noqa: DJ008  (rows that no test shows as text)

from django.db import models

from causeway.models import CoreManager
from tests.library.models import Author, Tag
from tests.shop.models import Content


class PageQuerySet(models.QuerySet):
    def long(self):
        return self.filter(words__gte=1000)

    def total_words(self):
        return self.aggregate(total=models.Sum("words"))["total"]


class NewestFirstManager(CoreManager.from_queryset(PageQuerySet)):
    def get_queryset(self):
        return super().get_queryset().order_by("-words")


class CorePage(models.Model):
    """Refers to core models and to rows of its own kind."""

    title = models.CharField(max_length=100)
    slug = models.SlugField(max_length=100, unique=True)
    words = models.IntegerField(default=0)
    author = models.ForeignKey(Author, models.SET_NULL, null=True, blank=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="subpages")
    tags = models.ManyToManyField(Tag, blank=True)

    objects = PageQuerySet.as_manager()
    pages = CoreManager.from_queryset(PageQuerySet)()
    longest = NewestFirstManager()

    class Meta:
        abstract = True
        db_table = "page"


class Page(CorePage):
    class Meta(CorePage.Meta):
        constraints = [models.UniqueConstraint(fields=["title", "words"], name="managers_page_unique")]


class Remark(models.Model):
    """Goes with the local row that it refers to."""

    content = models.ForeignKey(Content, models.CASCADE, related_name="remarks")
    text = models.CharField(max_length=100)


class Guard(models.Model):
    content = models.ForeignKey(Content, models.PROTECT, related_name="guards")


class Restriction(models.Model):
    content = models.ForeignKey(Content, models.RESTRICT, related_name="restrictions")


class Reminder(models.Model):
    content = models.ForeignKey(Content, models.SET_NULL, null=True, related_name="reminders")


class Successor(models.Model):
    content = models.ForeignKey(
        Content, models.SET_DEFAULT, null=True, default=None, related_name="successors"
    )


class Extract(models.Model):
    content = models.OneToOneField(Content, models.CASCADE, related_name="extract")


class Collection(models.Model):
    name = models.CharField(max_length=100)
    items = models.ManyToManyField(Content, related_name="collections")


class Annex(models.Model):
    """Two steps away from a row of ``Content``."""

    remark = models.ForeignKey(Remark, models.CASCADE, related_name="annexes")
