"""Which place an article is about, by the names in its text."""

import re
from collections import Counter

from wire.models import Place

# Smaller towns are found only where an article's front matter names them: too many of them are
# called like an ordinary word.
POPULATION = 100_000
LONGEST_NAME = 4
# A name of a place follows one of these: "Reading" in "from Reading", not at the start of a line.
BEFORE_A_PLACE = {"and", "around", "at", "between", "from", "in", "near", "of", "off", "outside", "to", "via"}
TOKEN = re.compile(r"[\w'’-]+|[^\w\s]")


def named_place(name):
    """The place that "Name" or "Name, XX" names, XX being a country code; the largest of several, or None."""
    name, _, country = (part.strip() for part in name.partition(","))
    places = Place.objects.filter(name=name)
    if country:
        places = places.filter(country_code=country.upper())
    return places.order_by("-population").first()


def place_in(text):
    """The place that a text names most often, the first named among equals, or None."""
    tokens = TOKEN.findall(text)
    ordinary = {token for token in tokens if token.islower()}
    names = list(possible_names(tokens))
    known = {}
    possible = {name for group in names for name in group}
    for place in Place.objects.filter(name__in=possible, population__gte=POPULATION).order_by("population"):
        known[place.name] = place  # the largest comes last and stays
    counts = Counter()
    for group in names:
        for name in group:
            # A word that is also written small is no name, whatever else it may be.
            if name in known and name.lower() not in ordinary:
                counts[name] += 1
                break
    return known[counts.most_common(1)[0][0]] if counts else None


def possible_names(tokens):
    """For each word that may begin a name: the names that may begin there, the longest first."""
    for index in range(1, len(tokens)):
        if tokens[index][0].isupper() and tokens[index - 1] in BEFORE_A_PLACE:
            words = []
            for token in tokens[index : index + LONGEST_NAME]:
                if not token[0].isalnum():
                    break
                words.append(token)
            yield [" ".join(words[:length]) for length in range(len(words), 0, -1)]
