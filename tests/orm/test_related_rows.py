"""``select_related`` and ``prefetch_related`` over the two databases, with their number of queries."""

from django.db.models import Prefetch, prefetch_related_objects

from tests.library.models import Article, Author
from tests.orm.models import Visit
from tests.orm.newsroom import COMMENTS, SHELVES, TITLES, NewsroomTestCase, author_of, comments_of, tags_of
from tests.shop.models import Bookmark, Comment, Rating, Shelf


class SelectRelatedTests(NewsroomTestCase):
    def test_core_rows_of_local_rows(self):
        with self.assertNumQueries(1):
            comments = list(Comment.objects.select_related("article__author"))
            found = [(c.article.title, c.text, c.flagged) for c in comments]
            authors = {c.article.title: c.article.author.name for c in comments}
        self.assertCountEqual(found, COMMENTS)
        self.assertEqual(authors, {title: author_of(title) for title, *_ in COMMENTS})

    def test_a_null_reference(self):
        with self.assertNumQueries(1):
            found = {b.pk: b.article and b.article.title for b in Bookmark.objects.select_related("article")}
        self.assertIn(None, found.values())
        self.assertEqual(len(found), 3)

    def test_two_core_tables(self):
        with self.assertNumQueries(1):
            found = [
                (visit.article.title, visit.place and visit.place.name)
                for visit in Visit.objects.select_related("article", "place").order_by("minutes")
            ]
        self.assertEqual(
            found, [("Dams", "Delft"), ("Locks", None), ("Bridges", "Delft"), ("Bridges", "Bath")]
        )

    def test_a_joined_core_row_is_saved_and_refreshed(self):
        article = Comment.objects.select_related("article").get(text="Deep").article
        article.title = "Barrages"
        article.save()
        again = Comment.objects.select_related("article").get(text="Deep").article
        self.assertEqual(again.title, "Barrages")
        Article.objects.filter(pk=article.pk).update(title="Dykes")
        again.refresh_from_db()
        self.assertEqual(again.title, "Dykes")

    def test_a_joined_core_row_is_deleted(self):
        Comment.objects.select_related("article").get(text="Deep").article.delete()
        self.assertFalse(Article.objects.filter(slug="dams").exists())
        self.assertFalse(Comment.objects.filter(text="Deep").exists())

    def test_only_and_defer_reach_over(self):
        comments = Comment.objects.select_related("article").only("text", "article__title")
        comment = comments.get(text="Deep")
        with self.assertNumQueries(0):
            self.assertEqual((comment.text, comment.article.title), ("Deep", "Dams"))
        with self.assertNumQueries(1):
            self.assertEqual(comment.article.slug, "dams")
        deferred = Comment.objects.select_related("article").defer("article__slug").get(text="Deep")
        self.assertEqual(deferred.article.get_deferred_fields(), {"slug"})


class PrefetchRelatedTests(NewsroomTestCase):
    def test_local_rows_of_core_rows(self):
        with self.assertNumQueries(2):
            articles = list(Article.objects.prefetch_related("comments"))
            found = {a.title: sorted(comment.text for comment in a.comments.all()) for a in articles}
        self.assertEqual(found, {title: sorted(comments_of(title)) for title in TITLES})

    def test_core_rows_of_local_rows(self):
        with self.assertNumQueries(3):
            comments = list(Comment.objects.prefetch_related("article__author"))
            found = {c.article.title: c.article.author.name for c in comments}
        self.assertEqual(found, {title: author_of(title) for title, *_ in COMMENTS})

    def test_one_to_one(self):
        with self.assertNumQueries(2):
            ratings = {r.article.title for r in Rating.objects.prefetch_related("article")}
        self.assertEqual(ratings, {"Bridges", "Dams", "Canals"})

    def test_many_to_many_of_both_placements(self):
        with self.assertNumQueries(3):
            shelves = {
                shelf.name: {a.title: sorted(tag.name for tag in a.tags.all()) for a in shelf.articles.all()}
                for shelf in Shelf.objects.prefetch_related("articles__tags")
            }
        self.assertEqual(
            shelves, {name: {title: sorted(tags_of(title)) for title in SHELVES[name]} for name in SHELVES}
        )

    def test_many_to_many_from_the_core_end(self):
        with self.assertNumQueries(2):
            found = {
                article.title: sorted(shelf.name for shelf in article.shelves.all())
                for article in Article.objects.prefetch_related("shelves")
            }
        self.assertEqual(found["Bridges"], ["All", "Reading"])
        self.assertEqual(found["Dams"], ["All"])

    def test_a_queryset_that_spans_both(self):
        comments = Comment.objects.filter(article__tags__name="stone").select_related("article")
        prefetch = Prefetch("articles__comments", comments.order_by("text"), to_attr="found")
        with self.assertNumQueries(3):
            ada, ben, cy = Author.objects.order_by("name").prefetch_related(prefetch)
            found = [
                [comment.text for article in author.articles.all() for comment in article.found]
                for author in (ada, ben, cy)
            ]
        self.assertEqual(found, [["High", "Rusty", "Strong"], ["Green", "Slow"], []])

    def test_a_sliced_queryset(self):
        first = Prefetch("comments", Comment.objects.order_by("text")[:1], to_attr="first")
        found = {
            article.title: [comment.text for comment in article.first]
            for article in Article.objects.prefetch_related(first)
        }
        self.assertEqual(found, {title: sorted(comments_of(title))[:1] for title in TITLES})

    def test_objects_of_both_kinds(self):
        articles = list(Article.objects.filter(author__name="Ben"))
        with self.assertNumQueries(2):
            prefetch_related_objects(articles, "comments", "tags")
        with self.assertNumQueries(0):
            self.assertEqual(sum(len(article.comments.all()) for article in articles), 2)
