"""The tests of a child project about core rows that refer to content types. The same in every layout.

``tests/accounts/test_content_types.py`` runs them in a project's own process.
"""

import pickle
from contextlib import nullcontext

from articles.models import Article
from comments.models import Comment, Label, Sign
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db import connection, connections, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.test import TestCase
from marks.models import Film, Mark, Photo

from causeway import homes, table
from causeway.backends.base.natural_keys import core_table
from causeway.placements import is_linked

# The connection whose transaction covers core rows.
CORE = "default" if is_linked("core") else "core"


def have_own_ids():
    """Let content types have other ids here than in core, if there are two of each."""
    if homes.mapped_homes():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE django_content_type SET id = id + 1000")
    ContentType.objects.clear_cache()


def core_types():
    """The SQL that names core's content types on its connection."""
    return core_table(connection.ops, "core") if is_linked("core") else "django_content_type"


def stored(name, column="content_type_id"):
    """The natural key that core has for what a mark refers to, asked without the ORM."""
    with connections[CORE].cursor() as cursor:
        cursor.execute(
            f"SELECT t.app_label, t.model FROM {table(Mark, CORE)} m "
            f"JOIN {core_types()} t ON t.id = m.{column} WHERE m.name = %s",
            [name],
        )
        row = cursor.fetchone()
    return row and ".".join(row)


class ContentTypesTestCase(TestCase):
    databases = {"default"} if is_linked("core") else {"default", "core"}

    @classmethod
    def setUpTestData(cls):
        have_own_ids()
        cls.article = Article.objects.create(title="Dams", slug="dams")
        cls.comment = Comment.objects.create(article=cls.article, text="Deep")
        cls.label = Label.objects.create(name="old", target=cls.article)
        cls.kinds = {
            model.__name__: ContentType.objects.get_for_model(model) for model in (Article, Comment, Label)
        }
        Mark.objects.create(name="a", target=cls.article, about=cls.kinds["Label"])
        Mark.objects.create(name="b", target=cls.comment)
        Mark.objects.create(name="c", target=cls.comment, about=cls.kinds["Article"])

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        ContentType.objects.clear_cache()

    def assert_queries_linked(self, number):
        """Staged, the content types of both databases are read besides."""
        return self.assertNumQueries(number) if is_linked("core") else nullcontext()

    def assert_marks(self, marks, expected):
        self.assertEqual("".join(sorted(mark.name for mark in marks)), expected)


class ReadingTests(ContentTypesTestCase):
    def test_what_a_row_refers_to(self):
        mark = Mark.objects.get(name="b")
        self.assertEqual(mark.content_type, self.kinds["Comment"])
        self.assertEqual(mark.content_type_id, self.kinds["Comment"].pk)
        self.assertEqual(mark.target, self.comment)
        self.assertIsNone(mark.about)
        self.assertEqual(Mark.objects.get(name="c").about, self.kinds["Article"])
        self.assertEqual(stored("b"), "comments.comment")
        self.assertEqual(stored("c", "about_id"), "articles.article")

    def test_filters(self):
        kind = self.kinds["Comment"]
        for condition, expected in (
            (Q(content_type=kind), "bc"),
            (Q(content_type=kind.pk), "bc"),
            (Q(content_type_id__in=[kind.pk]), "bc"),
            (Q(content_type__in=ContentType.objects.filter(model="comment")), "bc"),
            (Q(content_type__app_label="comments", content_type__model="comment"), "bc"),
            (~Q(content_type=kind), "a"),
            (~Q(content_type__model="comment"), "a"),
            (Q(about=None), "b"),
            (Q(about__isnull=False), "ac"),
            (Q(about__model="label"), "a"),
            (~Q(about__model="label"), "bc"),
            (Q(about=self.kinds["Article"]) | Q(content_type=self.kinds["Article"]), "ac"),
            (Q(about=F("content_type")), ""),
        ):
            with self.subTest(condition=condition), self.assert_queries_linked(1):
                self.assert_marks(Mark.objects.filter(condition), expected)

    def test_related_rows(self):
        with self.assert_queries_linked(1):
            marks = list(
                Mark.objects.select_related("content_type", "about").order_by("content_type__model", "pk")
            )
            found = [(mark.name, mark.content_type.model, mark.about and mark.about.model) for mark in marks]
        self.assertEqual(
            found, [("a", "article", "label"), ("b", "comment", None), ("c", "comment", "article")]
        )
        with self.assert_queries_linked(2):
            kinds = {kind.model: kind for kind in ContentType.objects.prefetch_related("mark_set")}
            self.assert_marks(kinds["comment"].mark_set.all(), "bc")
        self.assert_marks(self.kinds["Comment"].mark_set.filter(name="b"), "b")

    def test_generic_targets(self):
        with self.assert_queries_linked(3):
            marks = Mark.objects.order_by("name").prefetch_related("target")
            self.assertEqual([mark.target for mark in marks], [self.article, self.comment, self.comment])
        querysets = [Article.objects.all(), Comment.objects.select_related("article")]
        marks = {
            mark.name: mark for mark in Mark.objects.prefetch_related(GenericPrefetch("target", querysets))
        }
        with self.assert_queries_linked(0):
            self.assertEqual(marks["b"].target.article, self.article)
        self.assertEqual(Label.objects.get().target, self.article)

    def test_generic_relations(self):
        self.assert_marks(self.comment.marks.all(), "bc")
        self.assertEqual(Comment.objects.filter(marks__name="b").get(), self.comment)
        self.assertEqual(Comment.objects.annotate(number=Count("marks")).get().number, 2)
        self.assert_marks(Mark.objects.filter(comment__text="Deep"), "bc")
        (found,) = Comment.objects.prefetch_related("marks")
        with self.assert_queries_linked(0):
            self.assert_marks(found.marks.all(), "bc")

    def test_aggregates_and_subqueries(self):
        counts = dict(Mark.objects.values_list("content_type").annotate(Count("pk")))
        self.assertEqual(counts, {self.kinds["Article"].pk: 1, self.kinds["Comment"].pk: 2})
        kinds = ContentType.objects.filter(Exists(Mark.objects.filter(content_type=OuterRef("pk"))))
        self.assertEqual({kind.model for kind in kinds}, {"article", "comment"})
        number = ContentType.objects.annotate(number=Count("mark")).get(model="comment").number
        self.assertEqual(number, 2)
        of_comments = Mark.objects.filter(content_type=self.kinds["Comment"])
        self.assert_marks(of_comments.union(Mark.objects.filter(name="a")), "abc")
        self.assertEqual(of_comments.count(), 2)
        with transaction.atomic(CORE):
            self.assert_marks(of_comments.select_for_update(), "bc")

    def test_pickled_queries(self):
        marks = Mark.objects.filter(content_type=self.kinds["Comment"])
        again = Mark.objects.all()
        again.query = pickle.loads(pickle.dumps(marks.query))
        self.assert_marks(again, "bc")

    def test_permissions(self):
        kind = self.kinds["Comment"]
        found = Permission.objects.filter(content_type=kind).values_list("codename", flat=True)
        self.assertCountEqual(found, ["add_comment", "change_comment", "delete_comment", "view_comment"])
        permission = Permission.objects.get_by_natural_key("view_comment", "comments", "comment")
        self.assertEqual(permission.natural_key(), ("view_comment", "comments", "comment"))
        self.assertEqual(str(permission), "Comments | comment | Can view comment")

    def test_rows_about_what_this_project_lacks(self):
        types, marks = core_types(), table(Mark, CORE)
        with connections[CORE].cursor() as cursor:
            cursor.execute(f"INSERT INTO {types} (app_label, model) VALUES ('elsewhere', 'thing')")
            thing = f"(SELECT id FROM {types} WHERE app_label = 'elsewhere')"
            cursor.execute(f"UPDATE {marks} SET content_type_id = {thing} WHERE name = 'a'")
            cursor.execute(f"UPDATE {marks} SET about_id = {thing} WHERE name = 'c'")
        if homes.mapped_homes():
            self.assert_marks(Mark.objects.all(), "bc")
            self.assert_marks(Mark.objects.filter(about=None), "bc")
        else:
            self.assertIsNone(Mark.objects.get(name="a").content_type.model_class())
            self.assertEqual(Mark.objects.get(name="c").about.app_label, "elsewhere")
        Mark.objects.filter(name="c").update(object_id=2)
        self.assertEqual(stored("c", "about_id"), "elsewhere.thing")


class WritingTests(ContentTypesTestCase):
    def test_create(self):
        kind = self.kinds["Label"]
        with self.assert_queries_linked(1):
            mark = Mark.objects.create(name="new", content_type=kind)
        mark.refresh_from_db()
        self.assertEqual(mark.content_type, kind)
        self.assertEqual(stored("new"), "comments.label")
        Mark.objects.bulk_create(
            [Mark(name=name, content_type=kind, about=about) for name, about in (("x", kind), ("y", None))]
        )
        self.assertEqual(
            [stored(name, column) for name in "xy" for column in ("content_type_id", "about_id")],
            ["comments.label", "comments.label", "comments.label", None],
        )
        self.assertTrue(Mark.objects.get_or_create(name="z", content_type=kind)[1])
        self.assertFalse(Mark.objects.get_or_create(name="z", content_type=kind)[1])
        self.comment.marks.create(name="w")
        self.assertEqual([stored("z"), stored("w")], ["comments.label", "comments.comment"])

    def test_create_over_what_is_there(self):
        kind = self.kinds["Label"]
        rows = [Mark(name="b", content_type=kind), Mark(name="d", content_type=kind)]
        Mark.objects.bulk_create(rows, ignore_conflicts=True)
        self.assertEqual([stored("b"), stored("d")], ["comments.comment", "comments.label"])
        unique = ["name"] if connection.features.supports_update_conflicts_with_target else None
        Mark.objects.bulk_create(
            rows[:1], update_conflicts=True, update_fields=["content_type"], unique_fields=unique
        )
        self.assertEqual(stored("b"), "comments.label")

    def test_save(self):
        mark = Mark.objects.get(name="b")
        mark.content_type, mark.about = self.kinds["Label"], self.kinds["Comment"]
        mark.save()
        self.assertEqual([stored("b"), stored("b", "about_id")], ["comments.label", "comments.comment"])
        mark.about = None
        mark.save(update_fields=["about"])
        self.assertIsNone(stored("b", "about_id"))
        mark.target = self.article
        mark.save()
        self.assertEqual(stored("b"), "articles.article")

    def test_update(self):
        marks = Mark.objects.filter(name="b")
        label = self.kinds["Label"]
        for values, expected in (
            ({"content_type": label}, "comments.label"),
            ({"content_type": self.kinds["Article"].pk}, "articles.article"),
            ({"content_type_id": label.pk}, "comments.label"),
            ({"about": F("content_type"), "content_type": label}, "comments.label"),
        ):
            with self.assert_queries_linked(1):
                self.assertEqual(marks.update(**values), 1)
            self.assertEqual(stored("b"), expected)
        self.assertEqual(stored("b", "about_id"), "comments.label")
        marks.update(about=None)
        self.assertIsNone(stored("b", "about_id"))

    def test_bulk_update(self):
        marks = list(Mark.objects.order_by("name"))
        for mark, kind in zip(marks, ("Label", "Article", "Label"), strict=True):
            mark.content_type, mark.about = self.kinds[kind], None
        Mark.objects.bulk_update(marks, ["content_type", "about"])
        self.assertEqual(
            [stored(name) for name in "abc"], ["comments.label", "articles.article", "comments.label"]
        )
        self.assertEqual(Mark.objects.filter(about=None).count(), 3)

    def test_update_of_filtered_rows(self):
        kind = self.kinds["Comment"]
        for number, marks in enumerate(
            (
                Mark.objects.filter(content_type=kind),
                Mark.objects.filter(content_type__model="comment"),
                Mark.objects.filter(content_type__in=[kind.pk, self.kinds["Label"].pk]),
                Mark.objects.exclude(content_type=self.kinds["Article"]),
            )
        ):
            self.assertEqual(marks.update(object_id=50 + number), 2)
            self.assert_marks(Mark.objects.filter(object_id=50 + number), "bc")

    def test_deletion_of_filtered_rows(self):
        kind = self.kinds["Comment"]
        for marks in (
            Mark.objects.filter(content_type=kind),
            Mark.objects.filter(content_type__model="comment"),
            Mark.objects.filter(about=None) | Mark.objects.filter(about__model="article"),
        ):
            with self.subTest(sql=str(marks.query)), transaction.atomic(CORE):
                self.assertEqual(marks.delete()[0], 2)
                self.assert_marks(Mark.objects.all(), "a")
                transaction.set_rollback(True, CORE)
            with self.subTest(sql=str(marks.query), raw=True), transaction.atomic(CORE):
                marks._raw_delete("default")
                self.assert_marks(Mark.objects.all(), "a")
                transaction.set_rollback(True, CORE)

    def test_a_child_model(self):
        kind = self.kinds["Label"]
        sign = Sign.objects.create(name="s", colour="red", content_type=kind)
        self.assertEqual(stored("s"), "comments.label")
        self.assertEqual(Sign.objects.filter(content_type=kind).get(), sign)
        Sign.objects.filter(content_type=kind).update(
            colour="blue", content_type=self.kinds["Article"], object_id=9
        )
        sign.refresh_from_db()
        self.assertEqual((sign.colour, sign.object_id, sign.content_type), ("blue", 9, self.kinds["Article"]))
        self.assertEqual(stored("s"), "articles.article")
        Sign.objects.filter(content_type__model="article").delete()
        self.assert_marks(Mark.objects.all(), "abc")

    def test_deletion_of_a_target_and_of_a_content_type(self):
        self.comment.delete()
        self.assert_marks(Mark.objects.all(), "a")
        self.kinds["Label"].delete()
        self.assertIsNone(Mark.objects.get().about)
        self.assertIsNone(stored("a", "about_id"))

    def test_a_new_content_type(self):
        kind = ContentType.objects.create(app_label="comments", model="ghost")
        Mark.objects.create(name="new", content_type=kind)
        self.assertEqual(Mark.objects.get(content_type=kind).name, "new")
        self.assertEqual(stored("new"), "comments.ghost")


class GenericRelationTests(ContentTypesTestCase):
    """Between core models: which of two models' rows a mark is of is told by ids that core has others of."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        for model in (Photo, Film):
            for number in range(3):
                row = model.objects.create(title=f"{model.__name__} {number}")
                if number:
                    row.marks.create(name=f"of {row.title}", object_id=row.pk)

    def titles(self, rows):
        return sorted(rows.values_list("title", flat=True))

    def test_conditions_on_what_is_related(self):
        for model, name in ((Film, "film"), (Photo, "photo")):
            title = model.__name__
            with self.subTest(model=title):
                rows = model.objects
                self.assertEqual(self.titles(rows.filter(marks__name=f"of {title} 1")), [f"{title} 1"])
                self.assertEqual(self.titles(rows.filter(marks__name__endswith="1")), [f"{title} 1"])
                self.assertEqual(
                    self.titles(rows.exclude(marks__name__endswith="1")), [f"{title} 0", f"{title} 2"]
                )
                self.assertEqual(self.titles(rows.filter(marks__isnull=True)), [f"{title} 0"])
                self.assertEqual(self.titles(rows.filter(marks__isnull=False)), [f"{title} 1", f"{title} 2"])
                marks = Mark.objects.filter(**{f"{name}__title__endswith": "2"})
                self.assertEqual([mark.name for mark in marks], [f"of {title} 2"])
                self.assertEqual(Mark.objects.filter(**{f"{name}__title": "none"}).count(), 0)

    def test_writes_by_what_is_related(self):
        self.assertEqual(Film.objects.filter(marks__name="of Film 1").update(title="seen"), 1)
        self.assertEqual(Film.objects.get(title="seen").marks.get().name, "of Film 1")
        self.assertEqual(Mark.objects.filter(photo__title="Photo 1").delete()[0], 1)
        self.assertEqual(Mark.objects.filter(name__startswith="of").count(), 3)

    def test_aggregates(self):
        counted = {film.title: film.n for film in Film.objects.annotate(n=Count("marks"))}
        self.assertEqual(counted, {"Film 0": 0, "Film 1": 1, "Film 2": 1})
        marks = Mark.objects.filter(name__startswith="of").annotate(n=Count("film")).filter(n__gt=0)
        self.assertEqual(sorted((mark.name, mark.n) for mark in marks), [("of Film 1", 1), ("of Film 2", 1)])
        permission = Permission.objects.get(codename="add_comment")
        Group.objects.create(name="writers").permissions.add(permission)
        counted = Permission.objects.annotate(n=Count("group")).filter(n__gt=0)
        self.assertEqual([(found.codename, found.n) for found in counted], [("add_comment", 1)])
        kinds = counted.values_list("content_type__model", "n")
        self.assertEqual(list(kinds), [("comment", 1)])
