"""A map of the world whose only ink is the towns of the GeoNames data.

Degrees are the units of every drawing: x runs east from 180° west, y south from the pole.
"""

from dataclasses import dataclass
from functools import lru_cache

from wire.models import Place

# Towns are drawn on a grid, so that the drawing stays small and no town is drawn twice.
GRID = 0.75


@dataclass(frozen=True)
class Mark:
    place: Place
    x: float
    y: float
    radius: float


def position(place):
    return round(place.longitude + 180, 2), round(90 - place.latitude, 2)


def marks(places):
    """Where to put each place, and how large, by its ``weight``; the largest first, so that none is hidden."""
    most = max((place.weight for place in places), default=0) or 1
    return [Mark(place, *position(place), round(1 + 2 * (place.weight / most) ** 0.5, 2)) for place in places]


def world():
    towns = Place.objects.order_by().values_list("longitude", "latitude")
    return draw(frozenset((round((x + 180) / GRID), round((90 - y) / GRID)) for x, y in towns.iterator()))


@lru_cache(maxsize=2)
def draw(cells):
    dots = "".join(f"M{x} {y}h0" for x, y in sorted(cells))
    size = f"0 0 {360 / GRID:g} {180 / GRID:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" width="360" height="180">'
        f'<path d="{dots}" stroke="#8a8f98" stroke-width=".62" stroke-linecap="round"/></svg>'
    )
