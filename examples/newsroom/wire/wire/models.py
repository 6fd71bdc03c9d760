"""The models that the projects share.

Nothing here says which database they live in: the core project keeps them in its own, and each
child says in its ``CAUSEWAY`` setting that their home is the core database.
"""

from django.db import models
from django.urls import reverse
from django.utils import timezone


class SlugManager(models.Manager):
    """Rows that fixtures of any project can name by their slug."""

    def get_by_natural_key(self, slug):
        return self.get(slug=slug)


class Author(models.Model):
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120, unique=True, allow_unicode=True)

    objects = SlugManager()

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.slug,)


class Place(models.Model):
    """A city or town, under its number in the GeoNames data."""

    geoname_id = models.PositiveIntegerField("GeoNames number", primary_key=True)
    name = models.CharField(max_length=200, db_index=True)
    country_code = models.CharField(max_length=2)
    country = models.CharField(max_length=100, db_index=True)
    latitude = models.FloatField()
    longitude = models.FloatField()
    population = models.PositiveIntegerField(db_index=True)

    class Meta:
        ordering = ["name", "country", "-population"]

    def __str__(self):
        return f"{self.name}, {self.country}"


class Tag(models.Model):
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60, unique=True, allow_unicode=True)

    objects = SlugManager()

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.slug,)


class Markup(models.TextChoices):
    MARKDOWN = "markdown", "Markdown"
    RESTRUCTUREDTEXT = "rst", "reStructuredText"
    TEXT = "text", "plain text"


class ArticleFields(models.Model):
    """What everything that is printed has; the base of articles and of stories."""

    title = models.CharField(max_length=255)
    slug = models.SlugField(max_length=255, unique=True, allow_unicode=True)
    summary = models.TextField(blank=True)
    body = models.TextField()
    markup = models.CharField(max_length=10, choices=Markup.choices, default=Markup.MARKDOWN)
    published_at = models.DateTimeField(default=timezone.now, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        ordering = ["-published_at", "-pk"]

    def __str__(self):
        return self.title


class Article(ArticleFields):
    author = models.ForeignKey(Author, models.PROTECT, related_name="articles")
    place = models.ForeignKey(Place, models.SET_NULL, null=True, blank=True, related_name="articles")
    tags = models.ManyToManyField(Tag, blank=True, related_name="articles")
    # Which file it was imported from, so that a second import finds it again.
    file_key = models.UUIDField(null=True, unique=True, editable=False)
    file_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = SlugManager()

    def get_absolute_url(self):
        return reverse("article", args=[self.slug])

    def natural_key(self):
        return (self.slug,)


class ReaderComment(models.Model):
    """The base of what readers of a child project say. Its rows live in that child's database."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    name = models.CharField(max_length=80)
    text = models.TextField(max_length=2000)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        abstract = True
        ordering = ["created_at", "pk"]

    def __str__(self):
        return f"{self.name}: {self.text[:60]}"
