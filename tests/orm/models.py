"""Core models and local ones in one app: an abstract base or ``MODELS`` says whose home is core."""

# ruff: noqa: DJ008  (rows that no test shows as text)

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from tests.library.models import Article, Author


class CoreModel(models.Model):
    """Sends the rows of its children to core."""

    causeway_home = "core"

    class Meta:
        abstract = True


class Named(models.Model):
    name = models.CharField(max_length=100)

    class Meta:
        abstract = True

    def __str__(self):
        return self.name


class Place(Named, CoreModel):
    country = models.CharField(max_length=2)
    population = models.IntegerField(default=0)
    twins = models.ManyToManyField("self", blank=True)
    stickers = GenericRelation("orm.Sticker", related_query_name="place")
    marks = GenericRelation("orm.Mark", related_query_name="place")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "country"], name="orm_place_unique"),
            models.CheckConstraint(condition=models.Q(population__gte=0), name="orm_place_population"),
        ]


class Seat(CoreModel):
    """What newer versions of Django let the database reckon: a key of two columns, values of its own."""

    pk = models.CompositePrimaryKey("place_id", "number")
    place = models.ForeignKey(Place, models.CASCADE, related_name="seats")
    number = models.IntegerField()
    price = models.IntegerField(db_default=7)
    twice = models.GeneratedField(
        expression=models.F("price") * 2, output_field=models.IntegerField(), db_persist=True
    )


class Harbour(Place):
    """Multi-table inheritance with both tables in core: ``MODELS`` names it."""

    depth = models.IntegerField()


class Venue(Place):
    """Multi-table inheritance from a core model; it inherits no home."""

    seats = models.IntegerField()


class Theatre(Venue):
    stages = models.IntegerField(default=1)


class Sticker(Named):
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveBigIntegerField()
    target = GenericForeignKey("content_type", "object_id")


class Visit(models.Model):
    """Refers to a core model by a column that is not the primary key, and to two of them."""

    article = models.ForeignKey(Article, models.CASCADE, to_field="slug", related_name="visits")
    place = models.ForeignKey(Place, models.CASCADE, null=True, blank=True, related_name="visits")
    minutes = models.IntegerField(default=1)


class Chapter(Named):
    """Ordered by its core row."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="chapters")

    class Meta:
        order_with_respect_to = "article"


class Booth(Named):
    """A local end of a many-to-many relation with a local model between."""

    authors = models.ManyToManyField(Author, through="Signing", related_name="booths")


class Signing(models.Model):
    booth = models.ForeignKey(Booth, models.CASCADE, related_name="signings")
    author = models.ForeignKey(Author, models.CASCADE, related_name="signings")
    hour = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["booth", "author"], name="orm_signing_unique")]


class Credit(CoreModel):
    """A core model between two core models."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="credits")
    place = models.ForeignKey(Place, models.CASCADE, related_name="credits")
    role = models.CharField(max_length=20)


class Issue(Named):
    pass


class Feature(Article):
    """Shared content that a local row owns: deleting the issue takes the core row along."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="features")
    headline = models.CharField(max_length=100, blank=True)


class PublishedManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().exclude(title__startswith="Draft")


class LabelledArticle(Article):
    """A local proxy of a core model, with a manager and a generic relation of its own."""

    published = PublishedManager()
    stickers = GenericRelation(Sticker, for_concrete_model=False, related_query_name="labelled_article")

    class Meta:
        proxy = True
        ordering = ["-title"]


class Entry(CoreModel):
    """Has the table name of ``LocalEntry``."""

    text = models.CharField(max_length=100)
    follows = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="followers")

    class Meta:
        db_table = "orm_entry"


class LocalEntry(models.Model):
    """Has the table name of ``Entry``, to which it refers."""

    text = models.CharField(max_length=100)
    original = models.ForeignKey(Entry, models.CASCADE, null=True, blank=True, related_name="copies")

    class Meta:
        db_table = "orm_entry"


class SealedField(models.CharField):
    """Is stored backwards."""

    def get_prep_value(self, value):
        return value and value[::-1]

    def from_db_value(self, value, expression, connection):
        return value and value[::-1]


class Measured(models.Model):
    """Values that may be stored otherwise than they are read."""

    data = models.JSONField(null=True)
    factor = models.FloatField(default=0)
    code = SealedField(max_length=20, default="")
    moment = models.DateTimeField(null=True)
    span = models.DurationField(null=True)
    price = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    blob = models.BinaryField(null=True)
    uid = models.UUIDField(null=True)
    flag = models.BooleanField(default=False)

    class Meta:
        abstract = True


class Sample(Measured, CoreModel):
    pass


class Reading(Measured):
    sample = models.ForeignKey(Sample, models.CASCADE, related_name="readings")
    number = models.IntegerField(default=0)
    text = models.TextField(default="")


class Anchor(Named, CoreModel):
    """What the models below refer to, each with an ``on_delete`` of its own."""


def substitute() -> Anchor:
    return Anchor.objects.get_or_create(name="substitute")[0]


def default_anchor() -> int:
    return Anchor.objects.get_or_create(name="default")[0].pk


class LocalCascade(Named):
    anchor = models.ForeignKey(Anchor, models.CASCADE)


class LocalProtect(Named):
    anchor = models.ForeignKey(Anchor, models.PROTECT)


class LocalRestrict(Named):
    anchor = models.ForeignKey(Anchor, models.RESTRICT)
    owner = models.ForeignKey(LocalCascade, models.CASCADE, null=True)


class LocalSet(Named):
    anchor = models.ForeignKey(Anchor, models.SET(substitute))


class LocalSetNull(Named):
    anchor = models.ForeignKey(Anchor, models.SET_NULL, null=True)


class LocalSetDefault(Named):
    anchor = models.ForeignKey(Anchor, models.SET_DEFAULT, default=default_anchor)


class LocalDoNothing(Named):
    anchor = models.ForeignKey(Anchor, models.DO_NOTHING, db_constraint=False)


class CoreCascade(Named, CoreModel):
    anchor = models.ForeignKey(Anchor, models.CASCADE)


class CoreProtect(Named, CoreModel):
    anchor = models.ForeignKey(Anchor, models.PROTECT)


class CoreRestrict(Named, CoreModel):
    anchor = models.ForeignKey(Anchor, models.RESTRICT)
    owner = models.ForeignKey(CoreCascade, models.CASCADE, null=True)


class CoreSet(Named, CoreModel):
    anchor = models.ForeignKey(Anchor, models.SET(substitute))


class CoreSetNull(Named, CoreModel):
    anchor = models.ForeignKey(Anchor, models.SET_NULL, null=True)


class CoreSetDefault(Named, CoreModel):
    anchor = models.ForeignKey(Anchor, models.SET_DEFAULT, default=default_anchor)


class CoreDoNothing(Named, CoreModel):
    anchor = models.ForeignKey(Anchor, models.DO_NOTHING, db_constraint=False)


class Leaf(Named):
    """A local row two steps from the anchor, over a core row."""

    cascade = models.ForeignKey(CoreCascade, models.CASCADE, related_name="leaves")


# Deletions that are left to the database: Django 6.1 and later.
HAS_DB_CASCADE = hasattr(models, "DB_CASCADE")

if HAS_DB_CASCADE:

    class Mooring(Named, CoreModel):
        pass

    class CoreDBCascade(Named, CoreModel):
        mooring = models.ForeignKey(Mooring, models.DB_CASCADE)

    class CoreDBSetNull(Named, CoreModel):
        mooring = models.ForeignKey(Mooring, models.DB_SET_NULL, null=True)

    class LocalDBCascade(Named):
        mooring = models.ForeignKey(Mooring, models.DB_CASCADE)

    class LocalDBSetNull(Named):
        mooring = models.ForeignKey(Mooring, models.DB_SET_NULL, null=True)


class Crossing(models.Model):
    """Refers to one core table twice."""

    first = models.ForeignKey(Article, models.CASCADE, related_name="+")
    second = models.ForeignKey(Article, models.CASCADE, related_name="+")
    number = models.IntegerField()


class Mention(models.Model):
    """Refers to core rows by a text, in any letters."""

    article = models.ForeignKey(
        Article, models.CASCADE, to_field="slug", related_name="mentions", db_constraint=False
    )
    number = models.IntegerField()


class Mark(models.Model):
    """Refers to rows of any model, also of those whose keys are no numbers."""

    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.CharField(max_length=50)
    target = GenericForeignKey()
    text = models.CharField(max_length=50)
