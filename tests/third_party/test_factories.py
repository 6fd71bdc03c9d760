"""factory_boy and model_bakery: they make local rows together with the core rows these refer to."""

import factory
from django.test import TestCase
from model_bakery import baker

from tests.library.models import Article, Author, Tag
from tests.shop.models import Comment, Content, Rating, Shelf, Story


class AuthorFactory(factory.django.DjangoModelFactory):
    name = factory.Faker("name")

    class Meta:
        model = Author


class ArticleFactory(factory.django.DjangoModelFactory):
    title = factory.Sequence("Article {}".format)
    slug = factory.Sequence("article-{}".format)
    author = factory.SubFactory(AuthorFactory)

    class Meta:
        model = Article
        django_get_or_create = ["slug"]
        skip_postgeneration_save = True

    @factory.post_generation
    def tagged(self, create, names):
        self.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names or []])


class CommentFactory(factory.django.DjangoModelFactory):
    text = factory.Faker("sentence")
    article = factory.SubFactory(ArticleFactory)

    class Meta:
        model = Comment


class StoryFactory(ArticleFactory):
    class Meta:
        model = Story


class CoreContentFactory(factory.django.DjangoModelFactory):
    """The rows in core, of a model with rows in both databases."""

    title = slug = factory.Sequence("content-{}".format)

    class Meta:
        model = Content
        database = "core"


class FactoryBoyTests(TestCase):
    def test_a_local_row_brings_its_core_rows(self):
        comment = CommentFactory(article__slug="dams", article__author__name="Ada", article__tagged=["water"])
        found = Comment.objects.get(
            article__slug="dams", article__author__name="Ada", article__tags__name="water"
        )
        self.assertEqual(found, comment)

    def test_a_core_row_that_is_there_is_taken(self):
        first, second = CommentFactory.create_batch(2, article__slug="dams")
        self.assertEqual(first.article, second.article)
        self.assertEqual(Article.objects.count(), 1)

    def test_a_row_over_both_databases(self):
        story = StoryFactory(slug="weirs", teaser="Low")
        self.assertEqual(Article.objects.get(slug="weirs").story, story)


class FactoryBoyInCoreTests(TestCase):
    databases = {"default", "core"}

    def test_rows_of_the_core_connection(self):
        contents = CoreContentFactory.create_batch(2)
        self.assertCountEqual(Content.contents.all(), contents)
        self.assertFalse(Content.objects.exists())


class ModelBakeryTests(TestCase):
    def test_a_local_row_brings_its_core_rows(self):
        comment = baker.make(Comment, article__author__name="Ada")
        self.assertEqual(Comment.objects.get(article__author__name="Ada"), comment)
        self.assertEqual((Article.objects.count(), Author.objects.count()), (1, 1))

    def test_rows_in_bulk(self):
        article = baker.make(Article)
        baker.make(Comment, article=article, _quantity=3, _bulk_create=True)
        self.assertEqual(article.comments.count(), 3)

    def test_many_core_rows_of_a_local_row(self):
        articles = baker.make(Article, _quantity=2)
        shelf = baker.make(Shelf, articles=articles)
        self.assertCountEqual(Shelf.objects.get().articles.all(), articles)
        self.assertEqual(articles[0].shelves.get(), shelf)

    def test_rows_over_both_databases(self):
        story = baker.make(Story, teaser="Low")
        rating = baker.make(Rating, article=story.article_ptr)
        self.assertEqual(Story.objects.get(rating__stars=rating.stars), story)


class ModelBakeryInCoreTests(TestCase):
    databases = {"default", "core"}

    def test_rows_of_the_core_connection(self):
        content = baker.make(Content, _using="core")
        self.assertEqual(Content.contents.get(), content)
        self.assertFalse(Content.objects.exists())
