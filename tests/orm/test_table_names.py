"""Two models with the same table name, in different homes, in one query."""

import pytest
from django.db import connection
from django.db.models import CharField, Count, Exists, F, OuterRef, Q, Subquery, Value
from django.test import TestCase

import causeway
from tests.library.models import Note as CoreNote
from tests.orm.models import Entry, LocalEntry
from tests.shop.models import Note as LocalNote


class OneNameTestCase(TestCase):
    """The rows of the two tables have the same primary keys and other texts."""

    databases = {"default", "core"}

    @classmethod
    def setUpTestData(cls):
        cls.core = [Entry.objects.create(text=f"core {number}") for number in range(3)]
        cls.core[2].follows = cls.core[0]
        cls.core[2].save()
        cls.local = [
            LocalEntry.objects.create(pk=entry.pk, text=f"local {number}")
            for number, entry in enumerate(cls.core)
        ]
        # The second row refers to the first core row, the third to the second.
        for local, core in zip(cls.local[1:], cls.core, strict=False):
            local.original = core
            local.save()

    def texts(self, queryset):
        return sorted(queryset.values_list("text", flat=True))


class ReadTests(OneNameTestCase):
    def test_each_model_has_its_own_rows(self):
        self.assertEqual(self.texts(Entry.objects.all()), ["core 0", "core 1", "core 2"])
        self.assertEqual(self.texts(LocalEntry.objects.all()), ["local 0", "local 1", "local 2"])

    def test_joined(self):
        self.assertEqual(self.texts(LocalEntry.objects.filter(original__text="core 0")), ["local 1"])
        self.assertEqual(self.texts(Entry.objects.filter(copies__text="local 2")), ["core 1"])
        found = LocalEntry.objects.filter(original__isnull=False).values_list("text", "original__text")
        self.assertCountEqual(found, [("local 1", "core 0"), ("local 2", "core 1")])

    def test_joined_back_to_the_first_table(self):
        found = LocalEntry.objects.filter(original__copies__text="local 1", text__startswith="local")
        self.assertEqual(self.texts(found), ["local 1"])
        found = LocalEntry.objects.filter(original__followers__text="core 2").exclude(
            original__copies__text="local 2"
        )
        self.assertEqual(self.texts(found), ["local 1"])

    def test_select_related(self):
        with self.assertNumQueries(1):
            found = LocalEntry.objects.select_related("original__follows").order_by("text")
            pairs = [(entry.text, entry.original and entry.original.text) for entry in found]
        self.assertEqual(pairs, [("local 0", None), ("local 1", "core 0"), ("local 2", "core 1")])

    def test_prefetch_related(self):
        with self.assertNumQueries(2):
            found = {
                entry.text: [copy.text for copy in entry.copies.all()]
                for entry in Entry.objects.prefetch_related("copies")
            }
        self.assertEqual(found, {"core 0": ["local 1"], "core 1": ["local 2"], "core 2": []})

    def test_aggregates(self):
        found = dict(Entry.objects.annotate(number=Count("copies")).values_list("text", "number"))
        self.assertEqual(found, {"core 0": 1, "core 1": 1, "core 2": 0})

    def test_disjunction_over_both(self):
        found = LocalEntry.objects.filter(Q(text="local 0") | Q(original__text="core 1"))
        self.assertEqual(self.texts(found), ["local 0", "local 2"])

    def test_subqueries(self):
        self.assertEqual(
            self.texts(Entry.objects.filter(pk__in=LocalEntry.objects.values("original"))),
            ["core 0", "core 1"],
        )
        same = Entry.objects.filter(pk=OuterRef("pk")).values("text")
        found = dict(LocalEntry.objects.annotate(other=Subquery(same)).values_list("text", "other"))
        self.assertEqual(found, {f"local {number}": f"core {number}" for number in range(3)})

    def test_exists_both_ways(self):
        copies = LocalEntry.objects.filter(original=OuterRef("pk"))
        self.assertEqual(self.texts(Entry.objects.filter(~Exists(copies))), ["core 2"])
        originals = Entry.objects.filter(pk=OuterRef("original"), follows=None)
        self.assertEqual(self.texts(LocalEntry.objects.filter(Exists(originals))), ["local 1", "local 2"])

    def test_subquery_in_subquery(self):
        inner = LocalEntry.objects.filter(original=OuterRef("pk"), pk__gt=OuterRef(OuterRef("pk")))
        found = LocalEntry.objects.filter(Exists(Entry.objects.filter(Exists(inner), pk=OuterRef("pk"))))
        self.assertEqual(self.texts(found), ["local 0", "local 1"])

    def test_union_intersection_and_difference(self):
        core, local = Entry.objects.values_list("text"), LocalEntry.objects.values_list("text")
        self.assertEqual(core.union(local).count(), 6)
        LocalEntry.objects.filter(text="local 0").update(text="core 0")
        self.assertEqual(list(core.intersection(local)), [("core 0",)])
        self.assertCountEqual(core.difference(local), [("core 1",), ("core 2",)])

    def test_union_of_joined_queries(self):
        home = Value("x", CharField())
        found = (
            LocalEntry.objects.annotate(home=home)
            .values_list("text", "original__text")
            .union(Entry.objects.values_list("text", "copies__text"))
        )
        self.assertIn(("local 1", "core 0"), found)
        self.assertIn(("core 0", "local 1"), found)
        self.assertEqual(len(found), 6)

    def test_combined_conditions(self):
        first = LocalEntry.objects.filter(original__text="core 0")
        second = LocalEntry.objects.filter(original__text="core 1")
        self.assertEqual(self.texts(first | second), ["local 1", "local 2"])

    @pytest.mark.linked("raw SQL reaches no staged table")
    def test_raw_sql(self):
        core, local = causeway.table(Entry), causeway.table(LocalEntry)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT l.text, c.text FROM {local} l JOIN {core} c ON c.id = l.original_id ORDER BY 1"
            )
            self.assertEqual(
                [tuple(row) for row in cursor.fetchall()], [("local 1", "core 0"), ("local 2", "core 1")]
            )


class WriteTests(OneNameTestCase):
    def test_update_over_a_join(self):
        LocalEntry.objects.filter(original__text="core 0").update(text="changed")
        Entry.objects.filter(copies__text="local 2").update(text="changed too")
        self.assertEqual(self.texts(LocalEntry.objects.all()), ["changed", "local 0", "local 2"])
        self.assertEqual(self.texts(Entry.objects.all()), ["changed too", "core 0", "core 2"])

    def test_update_from_the_other_table(self):
        other = Entry.objects.filter(pk=OuterRef("original")).values("text")
        LocalEntry.objects.filter(original__isnull=False).update(text=Subquery(other))
        self.assertEqual(self.texts(LocalEntry.objects.all()), ["core 0", "core 1", "local 0"])
        Entry.objects.filter(text="core 2").update(follows_id=F("id"))
        self.assertEqual(Entry.objects.get(text="core 2").follows.text, "core 2")

    def test_delete_over_a_join(self):
        LocalEntry.objects.filter(original__text="core 0").delete()
        self.assertEqual(self.texts(LocalEntry.objects.all()), ["local 0", "local 2"])
        self.assertEqual(Entry.objects.count(), 3)

    def test_delete_without_fetching_over_a_join(self):
        LocalEntry.objects.filter(original__text="core 0")._raw_delete("default")
        self.assertEqual(self.texts(LocalEntry.objects.all()), ["local 0", "local 2"])

    def test_cascade_from_one_to_the_other(self):
        Entry.objects.filter(copies__text="local 1").delete()
        self.assertEqual(self.texts(Entry.objects.all()), ["core 1"])
        self.assertEqual(self.texts(LocalEntry.objects.all()), ["local 0", "local 2"])

    def test_bulk_methods(self):
        Entry.objects.bulk_create([Entry(text="more core")])
        LocalEntry.objects.bulk_create([LocalEntry(text="more local")])
        for entry in (rows := list(Entry.objects.all())):
            entry.text = f"{entry.text}!"
        Entry.objects.bulk_update(rows, ["text"])
        self.assertEqual(self.texts(Entry.objects.all()), ["core 0!", "core 1!", "core 2!", "more core!"])
        self.assertEqual(
            self.texts(LocalEntry.objects.all()), ["local 0", "local 1", "local 2", "more local"]
        )

    def test_in_two_apps(self):
        CoreNote.objects.create(text="in core")
        LocalNote.objects.create(text="local")
        found = LocalNote.objects.filter(Exists(CoreNote.objects.filter(text="in core"))).values_list("text")
        self.assertEqual(
            list(found.union(CoreNote.objects.values_list("text")).order_by("text")),
            [("in core",), ("local",)],
        )
        CoreNote.objects.all().delete()
        self.assertEqual(LocalNote.objects.count(), 1)


class ColumnOfTheSameNameTests(OneNameTestCase):
    """Before Django 6.1 a table's name has no quotes where ``extra()`` calls a column so."""

    def named_alike(self, queryset):
        return queryset.extra(select={str(queryset.model._meta.db_table): "1"})

    def test_read(self):
        self.assertEqual(self.texts(self.named_alike(Entry.objects.all())), ["core 0", "core 1", "core 2"])
        found = self.named_alike(LocalEntry.objects.filter(original__text="core 0"))
        self.assertEqual(self.texts(found), ["local 1"])

    def test_written(self):
        self.named_alike(Entry.objects.filter(text="core 1")).update(text="changed")
        self.assertEqual(self.texts(Entry.objects.all()), ["changed", "core 0", "core 2"])
        LocalEntry.objects.filter(original__text="changed").delete()
        self.named_alike(Entry.objects.filter(text="changed"))._raw_delete("default")
        self.assertEqual(self.texts(Entry.objects.all()), ["core 0", "core 2"])
        self.assertEqual(LocalEntry.objects.count(), 2)
