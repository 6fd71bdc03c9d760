"""The async methods over the two databases."""

from django.db.models import Count, Prefetch, Q, Sum, aprefetch_related_objects

from tests.library.models import Article, Author, Tag
from tests.orm.newsroom import COMMENTS, RATINGS, TITLES, NewsroomTestCase, comments_of
from tests.shop.models import Comment, Rating, Shelf


class QuerySetTests(NewsroomTestCase):
    async def test_reading(self):
        ada = Comment.objects.filter(article__author__name="Ada")
        self.assertEqual(await ada.acount(), 4)
        self.assertTrue(await ada.aexists())
        self.assertEqual((await ada.aget(text="Deep")).text, "Deep")
        self.assertEqual((await ada.order_by("article__title", "text").afirst()).text, "High")
        self.assertEqual((await ada.order_by("article__title", "text").alast()).text, "Deep")
        self.assertEqual((await Comment.objects.alatest("article__created_at")).text, "Long")
        self.assertEqual((await Rating.objects.aearliest("article__created_at")).stars, RATINGS["Bridges"])
        self.assertTrue(await ada.acontains(self.comments[0]))
        self.assertIn("shop_comment", await ada.aexplain())

    async def test_iterating(self):
        found = [c.article.title async for c in Comment.objects.select_related("article")]
        self.assertCountEqual(found, [title for title, *_ in COMMENTS])
        chunks = Comment.objects.values_list("article__title", flat=True).aiterator(chunk_size=2)
        self.assertCountEqual([title async for title in chunks], [title for title, *_ in COMMENTS])
        articles = Article.objects.prefetch_related(Prefetch("comments", to_attr="all"))
        self.assertEqual(sum([len(article.all) async for article in articles]), len(COMMENTS))

    async def test_aggregates_and_in_bulk(self):
        found = await Article.objects.aaggregate(stars=Sum("rating__stars"))
        self.assertEqual(found, {"stars": sum(RATINGS.values())})
        number = Count("comments", filter=Q(comments__flagged=True))
        by_slug = await Article.objects.annotate(number=number).ain_bulk(["canals"], field_name="slug")
        self.assertEqual(by_slug["canals"].number, 2)

    async def test_writing(self):
        ada = self.authors["Ada"]
        article = await Article.objects.acreate(title="Sluices", slug="sluices", author=ada)
        await Comment.objects.abulk_create([Comment(article=article, text=text) for text in "ab"])
        self.assertEqual(await Comment.objects.filter(article__slug="sluices").aupdate(flagged=True), 2)
        found, created = await Article.objects.aget_or_create(slug="sluices")
        self.assertEqual((found, created), (article, False))
        await Article.objects.aupdate_or_create(slug="sluices", defaults={"title": "Gates"})
        article.title = "Sluice gates"
        await Article.objects.abulk_update([article], ["title"])
        self.assertEqual((await Article.objects.aget(slug="sluices")).title, "Sluice gates")
        deleted = await Article.objects.filter(comments__text="a").adelete()
        self.assertEqual(deleted, (3, {"library.Article": 1, "shop.Comment": 2}))

    async def test_instances(self):
        article = await Article.objects.aget(slug="dams")
        article.title = "Dykes"
        await article.asave()
        await self.articles["Dams"].arefresh_from_db()
        self.assertEqual(self.articles["Dams"].title, "Dykes")
        await article.adelete()
        self.assertFalse(await Comment.objects.filter(text="Deep").aexists())

    async def test_related_managers(self):
        dams = self.articles["Dams"]
        await dams.tags.aadd(self.tags["stone"])
        await dams.tags.aremove(self.tags["water"])
        self.assertEqual([tag.name async for tag in dams.tags.all()], ["stone"])
        await dams.tags.aset([self.tags["steel"]])
        self.assertEqual(await Tag.objects.filter(articles=dams).acount(), 1)
        await self.shelves["All"].articles.aclear()
        await self.shelves["All"].articles.aadd(dams)
        self.assertEqual(await Shelf.objects.filter(articles__author__name="Ada", name="All").acount(), 1)
        await dams.comments.acreate(text="Wide")
        self.assertCountEqual([c.text async for c in dams.comments.all()], [*comments_of("Dams"), "Wide"])

    async def test_prefetch_for_instances(self):
        articles = [article async for article in Article.objects.all()]
        await aprefetch_related_objects(articles, "comments", "author")
        self.assertEqual(sum(len(article.comments.all()) for article in articles), len(COMMENTS))
        self.assertEqual({article.author.name for article in articles}, {"Ada", "Ben", "Cy"})

    async def test_get_of_a_row_that_is_not_there(self):
        with self.assertRaises(Article.DoesNotExist):
            await Article.objects.aget(comments__text="none such")
        self.assertEqual(await Author.objects.acount(), 3)
        self.assertEqual(await Article.objects.acount(), len(TITLES))
