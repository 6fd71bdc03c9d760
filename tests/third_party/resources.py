"""What a project writes for django-import-export; but for the last, nothing in it knows of two databases."""

from import_export import fields, resources
from import_export.widgets import CachedForeignKeyWidget, ForeignKeyWidget, ManyToManyWidget

from tests.library.models import Article, Author, Tag
from tests.shop.models import Bookmark, Comment, Content, Shelf, Story


class CommentResource(resources.ModelResource):
    """Local rows, each with its core row by that one's slug."""

    article = fields.Field("article", "article", ForeignKeyWidget(Article, "slug"))

    class Meta:
        model = Comment
        fields = ["id", "article", "text", "flagged"]
        skip_unchanged = True
        clean_model_instances = True
        use_transactions = True


class BookmarkResource(resources.ModelResource):
    """Local rows in bulk, with keys of core rows that are fetched at once."""

    article = fields.Field("article", "article", CachedForeignKeyWidget(Article, "slug"))

    class Meta:
        model = Bookmark
        fields = ["id", "article", "reader"]
        use_bulk = True
        batch_size = 2


class ArticleResource(resources.ModelResource):
    """Core rows with their core relations and the stars that a local row gives them."""

    author = fields.Field("author", "author", ForeignKeyWidget(Author, "name"))
    tags = fields.Field("tags", "tags", ManyToManyWidget(Tag, "|", "name"))
    stars = fields.Field("rating__stars", "stars", readonly=True)

    class Meta:
        model = Article
        import_id_fields = ["slug"]
        fields = ["slug", "title", "author", "tags", "stars"]
        use_transactions = True


class NumberedArticleResource(resources.ModelResource):
    """Core rows under the keys that the file gives them."""

    class Meta:
        model = Article
        fields = ["id", "slug", "title", "author"]


class ShelfResource(resources.ModelResource):
    articles = fields.Field("articles", "articles", ManyToManyWidget(Article, "|", "slug"))

    class Meta:
        model = Shelf
        import_id_fields = ["name"]
        fields = ["name", "articles"]


class StoryResource(resources.ModelResource):
    """One row over both databases."""

    author = fields.Field("author", "author", ForeignKeyWidget(Author, "name"))

    class Meta:
        model = Story
        import_id_fields = ["slug"]
        fields = ["slug", "title", "author", "teaser", "position"]
        use_transactions = True


class CoreContentResource(resources.ModelResource):
    """The rows in core, of a model with rows in both databases."""

    class Meta:
        model = Content
        import_id_fields = ["slug"]
        fields = ["slug", "title"]
        using_db = "core"
        use_transactions = True

    def get_queryset(self):
        return Content.contents.all()

    def do_instance_save(self, instance, is_create):
        instance.save(using="core", force_insert=is_create)
