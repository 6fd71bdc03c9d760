"""What is done with the drawn names, step by step, in a process of the project: what each step came to, as JSON.

    python -m tests.names.steps SETTINGS GROUP…

Steps do not know whether the project is split. What they come to has no keys, which differ.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from io import StringIO
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, connections, migrations, models, router, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Count, Exists, F, FilteredRelation, Max, OuterRef, Q, Subquery, Value, Window
from django.db.models.functions import Concat, Rank
from django.test.utils import setup_databases, teardown_databases

import causeway
from tests.names.places import Place

# By group, in the order in which they are carried out.
STEPS: dict[str, list[Callable[[], Any]]] = {}


def step(group: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def register(function: Callable[[], Any]) -> Callable[[], Any]:
        STEPS.setdefault(group, []).append(function)
        return function

    return register


class Models:
    """The models of the project by their names."""

    def __getattr__(self, name: str) -> Any:
        return apps.get_model("desk" if name in {"Comment", "Story", "Label"} else "shelf", name)


m = Models()


def rows(queryset: Any) -> list[Any]:
    return sorted([list(row) for row in queryset], key=repr)


# Migrations


@step("make")
def makemigrations():
    call("makemigrations", "shelf", "desk")


@step("cores")
def migrate_cores():
    for alias in connections:
        call("migrate", database=alias)


@step("migrate")
def migrate():
    call("migrate")


def call(*arguments: str, **options: Any) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output, stderr=output, **options)
    return output.getvalue()


@step("before")
def dumped_before():
    return [Place(*place).dump() for place in settings.PLACES]


@step("after")
def dumped_after():
    return dumped_before()


@step("migrate")
def fill():
    authors = [m.Author.objects.create(name=f"author {number}") for number in range(3)]
    tags = m.Tag.objects.bulk_create([m.Tag(label=f"tag {number}") for number in range(3)])
    tags = list(m.Tag.objects.order_by("label"))
    before = None
    for number in range(6):
        article = m.Article(
            title=f"article {number}", number=number, author=authors[number % 2], before=before
        )
        article.save()
        before = article if number % 3 else None
        article.tags.add(*tags[: number % 3])
        for which in range(number % 3):
            comment = m.Comment.objects.create(article=article, text=f"comment {number} {which}")
            comment.tags.set(tags[which:])
        if number % 2:
            m.Label.objects.create(target=article)
            m.Mark.objects.create(target=article)
    m.Comment.objects.create(text="of nothing")
    m.Story.objects.create(title="story", author=authors[2], body="once")


# Reading


@step("read")
def by_primary_key():
    key = m.Article.objects.get(title="article 1").pk
    return [m.Article.objects.get(pk=key).title, m.Article.objects.in_bulk([key])[key].title]


@step("read")
def filtered_by_core():
    return rows(m.Comment.objects.filter(article__title__startswith="article 2").values_list("text"))


@step("read")
def joined_twice():
    found = m.Comment.objects.filter(article__author__name="author 0", article__number__gt=1)
    return rows(
        found.values_list("text", "article__title", "article__author__name", "article__before__title")
    )


@step("read")
def selected_related():
    found = m.Comment.objects.select_related("article__author", "article__before")
    return sorted(
        [each.text, each.article and [each.article.title, each.article.author.name]] for each in found
    )


@step("read")
def shown_page():
    found = m.Comment.objects.select_related("article__author").order_by("-text")[1:4]
    return [[each.text, each.article and each.article.author.name] for each in found]


@step("read")
def page_by_core():
    found = m.Comment.objects.filter(article__isnull=False).order_by("article__title", "text")[1:4]
    return [[each.text, each.article.title] for each in found.select_related("article")]


@step("read")
def prefetched():
    found = m.Comment.objects.prefetch_related("tags", "article__tags").order_by("text")
    return [
        [each.text, sorted(tag.label for tag in each.tags.all()), each.article and each.article.tags.count()]
        for each in found
    ]


@step("read")
def reverse():
    found = m.Author.objects.filter(article__comments__text__contains=" 0").distinct()
    articles = m.Article.objects.prefetch_related("comments").order_by("title")
    return [
        rows(found.values_list("name")),
        [[each.title, sorted(comment.text for comment in each.comments.all())] for each in articles],
    ]


@step("read")
def counted():
    found = m.Article.objects.annotate(n=Count("comments"), most=Max("comments__text"))
    return [
        rows(found.values_list("title", "n", "most")),
        rows(m.Comment.objects.values("article__author__name").annotate(n=Count("pk")).values_list()),
        m.Comment.objects.filter(article__number__gt=1).count(),
    ]


@step("read")
def subqueries():
    article = m.Article.objects.filter(pk=OuterRef("article"))
    comment = m.Comment.objects.filter(article=OuterRef("pk"))
    return [
        rows(m.Comment.objects.annotate(t=Subquery(article.values("title")[:1])).values_list("text", "t")),
        rows(m.Comment.objects.filter(~Exists(article.filter(number__gt=2))).values_list("text")),
        rows(m.Article.objects.filter(Exists(comment)).values_list("title")),
        rows(m.Article.objects.filter(pk__in=m.Comment.objects.values("article")).values_list("title")),
        rows(m.Article.objects.exclude(comments__text__contains="1").values_list("title")),
    ]


@step("read")
def combined():
    core, local = m.Article.objects.values_list("title"), m.Comment.objects.values_list("text")
    return [rows(core.union(local)), rows(core.union(m.Comment.objects.values_list("article__title")))]


@step("read")
def filtered_relation():
    found = m.Article.objects.annotate(
        few=FilteredRelation("comments", condition=Q(comments__text__contains="0"))
    )
    return rows(found.values_list("title", "few__text"))


@step("read")
def ranked():
    found = m.Comment.objects.annotate(
        rank=Window(Rank(), partition_by="article__author__name", order_by="text")
    )
    return rows(found.values_list("text", "rank"))


@step("read")
def inherited():
    found = m.Story.objects.select_related("author").filter(title__contains="tor")
    return [[each.title, each.author.name, each.body] for each in found]


@step("read")
def generic():
    return [
        sorted(each.target.title for each in m.Label.objects.all()),
        sorted(each.target.title for each in m.Mark.objects.all()),
        sorted(each.target.title for each in m.Mark.objects.prefetch_related("target")),
        rows(m.Mark.objects.values_list("kind__model")),
        m.Mark.objects.filter(kind__model="article").count(),
    ]


@step("read")
def extra_tables():
    found = m.Comment.objects.extra(tables=[str(m.Author._meta.db_table)])
    return found.count()


@step("read")
def explained_by_the_engine():
    for queryset in (m.Article.objects.all(), m.Comment.objects.filter(article__title="article 1")):
        queryset.explain()


@step("read")
def dates_and_iterators():
    return [
        sorted(each.title for each in m.Article.objects.iterator(chunk_size=2)),
        sorted(each.text for each in m.Comment.objects.select_related("article").iterator(chunk_size=2)),
        m.Comment.objects.filter(article__title="article 2").exists(),
        m.Comment.objects.filter(article__title="article 2").contains(
            m.Comment.objects.get(text="comment 2 0")
        ),
        sorted(each.name for each in m.Author.objects.only("name")),
        sorted(each.author.name for each in m.Article.objects.defer("title")),
    ]


@step("read")
def logged():
    """With the statements recorded, as under DEBUG."""
    connection.force_debug_cursor = True
    try:
        return [filtered_by_core(), counted(), selected_related()]
    finally:
        connection.force_debug_cursor = False


# Writing


@step("write")
def inserted():
    article = m.Article.objects.get(title="article 1")
    m.Comment.objects.bulk_create([m.Comment(article=article, text=f"more {number}") for number in range(3)])
    tags = [m.Tag(label="tag 1"), m.Tag(label="tag 9")]
    m.Tag.objects.bulk_create(tags, ignore_conflicts=True)
    _, is_new = m.Tag.objects.get_or_create(label="tag 1")
    m.Author.objects.update_or_create(name="author 7", defaults={"name": "author 8"})
    refused = False
    try:
        m.Tag.objects.create(label="tag 1")
    except IntegrityError:
        refused = True
    return [is_new, refused, afterwards()]


@step("write")
def updated():
    m.Article.objects.filter(number__gt=1).update(number=F("number") + 10)
    m.Comment.objects.filter(text="more 0").update(text="yet more")
    found = list(m.Article.objects.all())
    for each in found:
        each.number = (each.number or 0) + 1
    m.Article.objects.bulk_update(found, ["number"])
    article = m.Article.objects.get(title="article 3")
    article.title = "article three"
    article.save()
    article.refresh_from_db()
    return [article.title, afterwards()]


@step("write")
def updated_over_joins():
    m.Comment.objects.filter(article__author__name="author 1").update(text=Concat("text", Value("!")))
    m.Article.objects.filter(comments__text__startswith="yet").update(title="talked about")
    m.Article.objects.filter(author__name="author 0").update(number=7)
    return afterwards()


@step("write")
def updated_from_others():
    article = m.Article.objects.filter(pk=OuterRef("article"))
    m.Comment.objects.filter(text__contains=" 0").update(text=Subquery(article.values("title")[:1]))
    author = m.Author.objects.filter(pk=OuterRef("author"))
    m.Article.objects.filter(number=7).update(title=Subquery(author.values("name")[:1]))
    return afterwards()


@step("write")
def inherited_rows():
    story = m.Story.objects.get(title="story")
    story.body, story.title = "twice", "story told"
    story.save()
    m.Story.objects.filter(title="story told").update(body="thrice", number=3)
    m.Story.objects.create(title="another", author=story.author, body="never")
    m.Story.objects.get(title="another").delete()
    return afterwards()


@step("write")
def related_rows():
    comment = m.Comment.objects.filter(article__isnull=False).order_by("text").first()
    comment.tags.clear()
    comment.tags.add(m.Tag.objects.get(label="tag 9"))
    comment.article.comments.create(text="a reply")
    comment.article.tags.set(m.Tag.objects.filter(label="tag 0"))
    m.Tag.objects.get(label="tag 0").comment_set.add(comment)
    return afterwards()


@step("write")
def in_savepoints():
    with transaction.atomic():
        m.Author.objects.create(name="kept")
        try:
            with transaction.atomic():
                m.Author.objects.create(name="undone")
                m.Comment.objects.create(text="undone")
                raise KeyError
        except KeyError:
            pass
        with transaction.atomic():
            m.Comment.objects.filter(text="of nothing").update(text="of nothing at all")
    return afterwards()


@step("write")
def locked():
    with transaction.atomic(), transaction.atomic(using=router.db_for_write(m.Article)):
        return [
            rows(m.Article.objects.select_for_update().values_list("title")),
            rows(
                m.Comment.objects.select_for_update()
                .select_related("article")
                .filter(text="a reply")
                .values_list("text")
            ),
        ]


@step("write")
def generic_rows():
    article = m.Article.objects.order_by("title").first()
    m.Mark.objects.filter(kind__model="article").update(key=article.pk)
    content_types = m.Mark._meta.get_field("kind").related_model.objects
    kind = content_types.get_for_model(m.Author)
    m.Mark.objects.update(kind=kind)
    m.Mark.objects.filter(kind=kind, key=article.pk).delete()
    return [m.Mark.objects.count(), afterwards()]


@step("write")
def raw_sql():
    quote = connection.ops.quote_name
    found = []
    for each in (m.Comment, m.Article):
        if is_staged(each):
            continue
        table, column = table_of(each), quote(each._meta.pk.column)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count({column}) FROM {table}")
            found.append(cursor.fetchone()[0])
        assert found[-1] == each._base_manager.count()
    return found[0]


def is_staged(which):
    entry = getattr(settings, "CAUSEWAY", {}).get(getattr(which._meta.db_table, "home", None), {})
    return entry.get("PLACEMENT") == "staged"


def table_of(which):
    """The name of a table for raw SQL."""
    if not hasattr(settings, "CAUSEWAY"):
        return connection.ops.quote_name(which._meta.db_table)
    return causeway.table(which)


@step("write")
def deleted():
    m.Comment.objects.filter(article__title="talked about").delete()
    m.Article.objects.filter(comments__text="a reply").delete()
    m.Comment.objects.filter(text="yet more")._raw_delete("default")
    m.Author.objects.filter(name="author 1").delete()
    m.Story.objects.all().delete()
    return afterwards()


def afterwards():
    """What all tables hold, without keys."""
    return [
        rows(m.Author.objects.values_list("name")),
        rows(m.Tag.objects.values_list("label")),
        rows(m.Article.objects.values_list("title", "number", "author__name", "tags__label")),
        rows(m.Comment.objects.values_list("text", "article__title", "tags__label")),
        rows(m.Story.objects.values_list("body", "title")),
        [m.Label.objects.count(), m.Mark.objects.count()],
    ]


# Commands


# SQLite prepares no transaction; these cores have no tables of ours; servers that live for a test are not durable.
EXPECTED = {"causeway.W006", "causeway.W020", "causeway.W022"}


@step("commands")
def checked():
    found = run_checks(databases=["default"])
    return sorted(f"{each.id} {each.msg}" for each in found if each.id not in EXPECTED)


@step("commands")
def dumped_and_loaded():
    before = afterwards()
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "rows.json")
        call("dumpdata", "shelf", "desk", "contenttypes", output=file)
        call("loaddata", file)
        return before == afterwards()


@step("commands")
def flushed():
    call("flush", interactive=False)
    return [m.Comment.objects.count(), m.Story._base_manager.count() and "some", m.Label.objects.count()]


@step("commands")
def migrated_on():
    """A key to a core table is added, altered, renamed and removed; the table is renamed."""
    state = MigrationLoader(connection).project_state()
    table = str(m.Comment._meta.db_table)
    column = f"{m.Comment._meta.get_field('article').column}2"
    key = {"on_delete": models.CASCADE, "null": True, "related_name": "+"}
    operations = [
        migrations.AddField("comment", "other", models.ForeignKey("shelf.article", db_column=column, **key)),
        migrations.AlterField("comment", "other", models.ForeignKey("shelf.article", **key)),
        migrations.RenameField("comment", "other", "another"),
        migrations.AlterModelTable("comment", f"x{table[:-1]}"),
        migrations.AlterModelTable("comment", table),
        migrations.RemoveField("comment", "another"),
        migrations.AddIndex("comment", models.Index(fields=["text"], name="by_text")),
        migrations.RemoveIndex("comment", "by_text"),
    ]
    for operation in operations:
        before = state.clone()
        operation.state_forwards("desk", state)
        with connection.schema_editor() as editor:
            operation.database_forwards("desk", editor, before, state)


@step("commands")
def unmigrated():
    call("migrate", "desk", "zero")
    call("migrate", "desk")
    return m.Comment.objects.count()


@step("test databases")
def in_test_databases():
    made = setup_databases(verbosity=0, interactive=False, aliases=None)
    try:
        fill()
        return [counted(), prefetched(), afterwards()]
    finally:
        teardown_databases(made, verbosity=0)


# What there is in a split project alone


@step("look")
def explained():
    querysets = [
        m.Comment.objects.filter(article__title="article 1"),
        m.Comment.objects.select_related("article").order_by("article__title")[:3],
        m.Article.objects.annotate(n=Count("comments")),
    ]
    for queryset in querysets:
        str(causeway.explain(queryset))
        str(causeway.explain(queryset, analyze=True))


@step("look")
def compared_with_core():
    return call("causeway", "check")


@step("act")
def orphans_repaired():
    none = call("causeway", "orphans")
    article = m.Article.objects.create(title="lost", author=m.Author.objects.first())
    m.Comment.objects.create(text="orphan", article=article)
    delete_unseen(article)
    refused = ""
    try:
        call("causeway", "orphans")
    except CommandError as error:
        refused = str(error)
    call("causeway", "orphans", "--fix")
    return [none, refused, m.Comment.objects.filter(text="orphan").count()]


def delete_unseen(row):
    """Delete a core row as somebody else does who has no constraints."""
    core = connections[row._meta.db_table.home]
    table = core.ops.quote_name(str(row._meta.db_table))
    off = {"mysql": "foreign_key_checks = 0", "postgresql": "session_replication_role = replica"}.get(
        core.vendor
    )
    with core.constraint_checks_disabled(), core.cursor() as cursor:
        if off:
            cursor.execute(f"SET {off}")
        cursor.execute(f"DELETE FROM {table} WHERE id = {row.pk:d}")
    core.close()


@step("act")
def named_bare():
    """Raw SQL that gives a core table its bare name, with parameters and without."""
    if is_staged(m.Article):
        return
    table = connection.ops.quote_name(m.Article._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        [every] = cursor.fetchone()
        cursor.execute(f"SELECT count(*) FROM {table} WHERE id > %s", [0])
        assert cursor.fetchone() == (every,)
        cursor.executemany(f"UPDATE {table} SET number = %s WHERE id = %s", [(1, -1), (1, -2)])
    assert every == m.Article.objects.count()


@step("act")
def both_written():
    with causeway.atomic(best_effort=connection.vendor == "sqlite"):
        author = m.Author.objects.create(name="in a block")
        with causeway.atomic(best_effort=True):
            article = m.Article.objects.create(title="in a block", author=author)
            m.Comment.objects.create(text="in a block", article=article)
    try:
        with causeway.atomic(best_effort=True):
            m.Author.objects.create(name="undone")
            m.Comment.objects.create(text="undone", article=article)
            raise KeyError
    except KeyError:
        pass
    found = m.Comment.objects.filter(article__author__name="in a block").count()
    m.Author.objects.filter(name="in a block").delete()
    return [found, m.Author.objects.filter(name="undone").count()]


@step("look")
def recovered():
    return call("causeway", "recover")


@step("look")
def by_temporary_tables():
    """What is read, where no core rows go inline."""
    connection.ops.inline_limit = 0
    try:
        return {function.__name__: function() for function in STEPS["read"] if function is not logged}
    finally:
        del connection.ops.inline_limit


def outcome(function: Callable[[], Any]) -> list[Any]:
    try:
        return ["ok", function()]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a name breaks
        forget_connections()
        return ["error", type(error).__name__, str(error), traceback.format_exc()]


def forget_connections() -> None:
    """Let the next step find nothing of what failed."""
    for alias in connections:
        connections[alias].close()
        del connections[alias]


def main(module: str, groups: list[str]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = module
    sys.path.insert(0, os.getcwd())
    django.setup()
    found = {function.__name__: outcome(function) for group in groups for function in STEPS[group]}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
