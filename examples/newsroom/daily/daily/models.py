"""Local models that point at core articles. Articles themselves are used as they are."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from wire.models import Article, ReaderComment


class Comment(ReaderComment):
    """What a reader of the daily says about an article of the wire."""


class Rating(models.Model):
    """The stars that one reader gives to one article."""

    article = models.ForeignKey(Article, models.CASCADE, related_name="ratings")
    reader = models.CharField(max_length=40)  # the key of the reader's session
    stars = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(5)])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "reader"], name="one_rating_per_reader")]

    def __str__(self):
        return f"{self.stars} of 5"
