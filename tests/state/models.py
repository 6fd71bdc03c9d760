"""Models with natural keys in both homes, and rows of two databases that generic keys refer to."""

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models

from causeway.models import CoreManager
from tests.orm.models import CoreModel, Named, Sticker
from tests.shop.models import Shelf


class NaturalManager(models.Manager):
    def get_by_natural_key(self, name):
        return self.get(name=name)


class Natural(Named):
    objects = NaturalManager()

    class Meta:
        abstract = True

    def natural_key(self):
        return (self.name,)


class Region(Natural, CoreModel):
    neighbours = models.ManyToManyField("self", blank=True)


class Depot(Natural):
    """Local rows that refer to core rows by natural keys."""

    region = models.ForeignKey(Region, models.CASCADE, null=True, related_name="depots")
    reaches = models.ManyToManyField(Region, related_name="reached_by", blank=True)


class CoreLeaflet(Named):
    """Refers to a local model too, whose rows core rows cannot mean."""

    shelf = models.ForeignKey(Shelf, models.SET_NULL, null=True, blank=True, related_name="leaflets")
    stickers = GenericRelation(Sticker, related_query_name="leaflet")

    objects = models.Manager()
    leaflets = CoreManager()

    class Meta:
        abstract = True
        db_table = "leaflet"


class Leaflet(CoreLeaflet):
    """``objects`` are the rows of this project, ``leaflets`` those in core."""
