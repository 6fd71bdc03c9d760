"""A small newsroom in two databases, and the same rows as Python objects to reckon with."""

from datetime import UTC, datetime

from django.test import TestCase

from tests.library.models import Article, Author, Tag
from tests.orm.models import Place, Visit
from tests.shop.models import Bookmark, Comment, Rating, Shelf

# Title, author, tags, day of March 2024.
ARTICLES = [
    ("Bridges", "Ada", ["stone", "steel"], 1),
    ("Dams", "Ada", ["water"], 2),
    ("Canals", "Ben", ["water", "stone"], 2),
    ("Locks", "Ben", [], 4),
    ("Piers", "Cy", ["steel"], 5),
    ("Draft of weirs", "Cy", [], 6),
]

# Title of the article, text, flagged.
COMMENTS = [
    ("Bridges", "Strong", False),
    ("Bridges", "Rusty", True),
    ("Bridges", "High", False),
    ("Dams", "Deep", False),
    ("Canals", "Slow", True),
    ("Canals", "Green", True),
    ("Piers", "Long", False),
]

RATINGS = {"Bridges": 5, "Dams": 3, "Canals": 4}
SHELVES = {"Reading": ["Bridges", "Canals"], "Empty": [], "All": [title for title, *_ in ARTICLES]}
BOOKMARKS = [("Bridges", "Eve"), (None, "Finn"), ("Canals", "Eve")]
PLACES = [("Delft", "NL", 100), ("Bath", "GB", 90), ("Lyon", "FR", 500)]
VISITS = [("Bridges", "Delft", 10), ("Bridges", "Bath", 20), ("Dams", "Delft", 5), ("Locks", None, 7)]


class NewsroomTestCase(TestCase):
    """Core rows are written over the child's own connection, as the local ones are."""

    databases = {"default", "core"}

    @classmethod
    def setUpTestData(cls):
        cls.authors = {name: Author.objects.create(name=name) for name in ("Ada", "Ben", "Cy")}
        cls.tags = {name: Tag.objects.create(name=name) for name in ("stone", "steel", "water")}
        cls.articles = {title: cls.make_article(title, *rest) for title, *rest in ARTICLES}
        cls.comments = [
            Comment.objects.create(article=cls.articles[title], text=text, flagged=flagged)
            for title, text, flagged in COMMENTS
        ]
        cls.ratings = [
            Rating.objects.create(article=cls.articles[title], stars=stars)
            for title, stars in RATINGS.items()
        ]
        cls.shelves = {name: Shelf.objects.create(name=name) for name in SHELVES}
        for name, titles in SHELVES.items():
            cls.shelves[name].articles.set([cls.articles[title] for title in titles])
        cls.bookmarks = [
            Bookmark.objects.create(article=cls.articles[title] if title else None, reader=reader)
            for title, reader in BOOKMARKS
        ]
        cls.make_places()

    @classmethod
    def make_article(cls, title, author, tags, day):
        article = Article.objects.create(
            title=title, slug=title.lower().replace(" ", "-"), author=cls.authors[author]
        )
        article.tags.set([cls.tags[name] for name in tags])
        article.created_at = datetime(2024, 3, day, 12, tzinfo=UTC)
        article.save()
        return article

    @classmethod
    def make_places(cls):
        cls.places = {
            name: Place.objects.create(name=name, country=country, population=population)
            for name, country, population in PLACES
        }
        cls.places["Delft"].twins.add(cls.places["Bath"])
        cls.visits = [
            Visit.objects.create(
                article=cls.articles[title], place=cls.places[place] if place else None, minutes=minutes
            )
            for title, place, minutes in VISITS
        ]

    def titles(self, articles):
        return [article.title for article in articles]

    def assert_titles(self, articles, expected):
        """The articles have these titles, in any order; none comes twice unless it is expected to."""
        self.assertCountEqual(self.titles(articles), expected)


def comments_of(title):
    """The text of each comment on an article, from the seed."""
    return [text for article, text, _ in COMMENTS if article == title]


def author_of(title):
    return next(author for article, author, *_ in ARTICLES if article == title)


def tags_of(title):
    return next(tags for article, _, tags, _ in ARTICLES if article == title)


TITLES = [title for title, *_ in ARTICLES]
