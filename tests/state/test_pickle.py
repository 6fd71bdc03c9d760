"""What is pickled still knows its home: in this process, in another, in another child."""

import copy
import pickle

import pytest
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.test import SimpleTestCase

from causeway.exceptions import PlacementError
from causeway.homes import Table
from tests.library.models import Article, Author
from tests.library.models import Note as CoreNote
from tests.orm.models import Entry, LocalEntry
from tests.shop.models import Comment, Content, Note, Shelf, Story
from tests.state import rows


def again(value):
    return pickle.loads(pickle.dumps(value))


class TableTests(SimpleTestCase):
    def test_a_table_name_keeps_its_home(self):
        for table in (
            Article._meta.db_table,
            Content._meta.db_table,
            Note._meta.db_table,
            CoreNote._meta.db_table,
        ):
            self.assertIsInstance(table, Table)
            copies = [copy.copy(table), copy.deepcopy(table)]
            copies += [
                pickle.loads(pickle.dumps(table, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
            ]
            for twin in copies:
                self.assertIsInstance(twin, Table)
                self.assertEqual(twin, table)
                self.assertEqual(
                    (twin.home, twin.in_core, twin.mapped), (table.home, table.in_core, table.mapped)
                )

    def test_the_tables_of_a_query_keep_their_homes(self):
        for queryset in (
            Comment.objects.filter(article__author__name="Ada"),
            Article.objects.filter(comments__text="Deep").using("core"),
            Content.contents.filter(title="x"),
            LocalEntry.objects.filter(original__text="x"),
            Shelf.objects.filter(articles__tags__name="x"),
            Story.objects.filter(title="x"),
        ):
            before = [getattr(node.table_name, "home", None) for node in queryset.query.alias_map.values()]
            self.assertGreater(len(before), 0)
            for query in (again(queryset.query), copy.deepcopy(queryset.query), queryset.query.clone()):
                after = [getattr(node.table_name, "home", None) for node in query.alias_map.values()]
                self.assertEqual(after, before)


class QuerySetTests(rows.DamsTestCase):
    """Each queryset, and its pickled query in a queryset of another, finds the same."""

    def querysets(self):
        comments = Comment.objects.filter(article=OuterRef("pk"))
        return [
            Comment.objects.filter(article__author__name="Ada"),
            Comment.objects.select_related("article__author").order_by("article__title"),
            Comment.objects.exclude(article__tags__name="stone"),
            Article.objects.annotate(number=Count("comments")).filter(number=1),
            Article.objects.filter(Exists(comments)),
            Article.objects.filter(Q(comments__text="Deep") | Q(shelves__name="x")).distinct(),
            Article.objects.filter(comments__in=Comment.objects.filter(text="Deep")),
            Article.objects.filter(title="Dams").union(Article.objects.filter(rating__stars=3)),
            Shelf.objects.filter(articles__tags__name="water"),
            Story.objects.filter(author__name="Ada"),
            Author.objects.using("core").filter(articles__tags__name="water"),
            Article.objects.using("core").prefetch_related(Prefetch("comments", to_attr="found")),
        ]

    def test_a_query(self):
        for queryset in self.querysets():
            with self.subTest(str(queryset.query)):
                expected = list(queryset)
                self.assertEqual(len(expected), 1)
                twin = queryset.model.objects.using(queryset.db)
                twin.query = again(queryset.all().query)
                self.assertEqual(list(twin), expected)
                self.assertEqual(list(twin.all()), expected)
                self.assertEqual(twin.count(), 1)

    def test_an_evaluated_queryset_and_its_rows(self):
        for queryset in self.querysets():
            with self.subTest(str(queryset.query)):
                twin = again(queryset)
                with self.assertNumQueries(0, using="default"), self.assertNumQueries(0, using="core"):
                    self.assertEqual([row._state.db for row in twin], [queryset.db])
                self.assertEqual(list(twin.all()), list(queryset))
                row = again(twin[0])
                row.save()
                row.refresh_from_db()
                self.assertEqual(row._state.db, queryset.db)

    @pytest.mark.linked("staged, a core row knows core as its database")
    def test_a_queryset_of_the_local_rows_of_a_core_row(self):
        """Its hint, the row, goes along."""
        for alias in ("default", "core"):
            article = Article.objects.using(alias).get()
            self.assertEqual(again(article.comments.all()).all().get()._state.db, "default")
            self.assertEqual(again(article.tags.all()).all().get()._state.db, alias)

    @pytest.mark.linked("raw SQL reaches no staged table")
    def test_values_and_raw_rows(self):
        values = Comment.objects.values("article__title", "text")
        self.assertEqual(list(again(values)), list(values))
        twin = Comment.objects.all()
        twin.query = again(values.query)
        self.assertEqual(list(twin), [{"article__title": "Dams", "text": "Deep"}])
        for name in ("raw", "joined"):
            row = again(rows.on_default()[name]())
            self.assertEqual((row._state.db, row.comments.get()), ("default", self.comment))

    @pytest.mark.linked("staged, what core is asked may reach local tables")
    def test_a_spanning_query_on_core_is_still_refused(self):
        twin = Article.objects.using("core")
        twin.query = again(Article.objects.filter(comments__text="Deep").query)
        with self.assertRaises(PlacementError):
            list(twin)

    def test_tables_of_one_name(self):
        entry = Entry.objects.create(text="in core")
        LocalEntry.objects.create(text="local", original=entry)
        for queryset in (
            LocalEntry.objects.filter(original__text="in core"),
            Entry.objects.filter(copies__text="local"),
            Entry.objects.using("core").filter(text="in core"),
        ):
            twin = queryset.model.objects.using(queryset.db)
            twin.query = again(queryset.query)
            self.assertEqual(twin.get().text, queryset.get().text)

    def test_rows_of_both_managers(self):
        Content.objects.create(pk=1, slug="same", title="local")
        Content.contents.create(pk=1, slug="same", title="core")
        for manager, title in ((Content.objects, "local"), (Content.contents, "core")):
            row = again(manager.get())
            row.refresh_from_db()
            self.assertEqual(row.title, title)
            self.assertEqual([found.title for found in again(manager.all()).all()], [title])
            twin = manager.all()
            twin.query = again(manager.filter(slug="same").query)
            self.assertEqual(twin.get().title, title)


SEED = """
import pickle
from pathlib import Path
article = Article.objects.create(title="Dams", slug="dams", author=Author.objects.create(name="Ada"))
Comment.objects.create(article=article, text="Deep")
Content.objects.create(pk=1, title="local", slug="same")
"""

DUMP = """
spanning = Comment.objects.filter(article__author__name="Ada").select_related("article")
pickled = {{
    "spanning": spanning.query,
    "core": Article.objects.using("core").filter(author__name="Ada").query,
    "comment": spanning.get(),
    "article": Article.objects.using("core").get(),
    "content": Content.contents.update_or_create(pk=1, defaults={{"title": "core", "slug": "same"}})[0],
}}
Path({file!r}).write_bytes(pickle.dumps(pickled))
"""

LOAD = """
import pickle
from pathlib import Path
pickled = pickle.loads(Path({file!r}).read_bytes())
found = Comment.objects.all()
found.query = pickled["spanning"]
print(*[(row.text, row.article.title, row._state.db) for row in found])
found = Article.objects.using("core")
found.query = pickled["core"]
print(*[(row.title, row._state.db) for row in found])
print(pickled["comment"].article.title, pickled["comment"]._state.db, pickled["article"]._state.db)
pickled["article"].title = "Dykes"
pickled["article"].save()
print(Comment.objects.get().article.title, pickled["article"].comments.get().text)
pickled["content"].title = "changed"
pickled["content"].save()
print(Content.contents.get().title, Content.objects.get().title)
Article.objects.update(title="Dams")
"""

EXPECTED = [
    "('{text}', 'Dams', 'default')",
    "('Dams', 'core')",
    "Dams default core",
    "Dykes {text}",
    "changed {title}",
]


@pytest.fixture
def children(core_project, make_child_project):
    """Two children, with rows of their own that refer to the one article."""
    daily, weekly = make_child_project("daily"), make_child_project("weekly")
    core_project.migrate()
    daily.migrate()
    weekly.migrate()
    daily.shell(SEED)
    weekly.shell("""
        Comment.objects.create(article=Article.objects.get(), text="Wide")
        Content.objects.create(pk=1, title="weekly", slug="same")
    """)
    return daily, weekly


def test_another_process_reads_its_own_databases(children, tmp_path):
    """The second child has the same models: what the first has pickled finds rows of the second there."""
    file = str(tmp_path / "rows.pickle")
    for child, text, title in zip(children, ("Deep", "Wide"), ("local", "weekly"), strict=True):
        children[0].shell("import pickle\nfrom pathlib import Path\n" + DUMP.format(file=file))
        found = child.shell(LOAD.format(file=file)).splitlines()
        assert found == [line.format(text=text, title=title) for line in EXPECTED]
