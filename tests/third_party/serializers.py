"""What a project writes for Django REST framework; nothing in it knows of two databases."""

from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from tests.library.models import Article, Author, Section, Tag
from tests.orm.models import Place, Signing, Visit
from tests.shop.models import Comment, Content, Rating, Shelf, Story


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["id", "name"]


class TagSerializer(serializers.ModelSerializer):
    class Meta:
        model = Tag
        fields = ["id", "name"]


class SectionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Section
        fields = ["id", "name", "parent"]


class ArticleSerializer(serializers.ModelSerializer):
    """A core row with its core relations as keys and its local ones read only."""

    comments = serializers.SlugRelatedField(slug_field="text", many=True, read_only=True)
    stars = serializers.IntegerField(source="rating.stars", read_only=True, default=None)

    class Meta:
        model = Article
        fields = ["id", "title", "slug", "author", "tags", "comments", "stars"]


class CommentSerializer(serializers.ModelSerializer):
    """A local row with the key of a core row."""

    class Meta:
        model = Comment
        fields = ["id", "article", "text", "flagged"]


class DeepCommentSerializer(serializers.ModelSerializer):
    """A local row with the core row inside, and the core rows of that."""

    class Meta:
        model = Comment
        fields = ["text", "article"]
        depth = 2


class CommentedArticleSerializer(serializers.ModelSerializer):
    """Writes a core row and its local rows together; a comment that comes twice is found late."""

    comments = CommentSerializer(many=True)

    class Meta:
        model = Article
        fields = ["title", "slug", "author", "comments"]

    def create(self, validated_data):
        comments = validated_data.pop("comments")
        article = Article.objects.create(**validated_data)
        for comment in comments:
            if article.comments.filter(text=comment["text"]).exists():
                raise serializers.ValidationError({"comments": ["A comment comes twice."]})
            Comment.objects.create(**{**comment, "article": article})
        return article


class LinkedCommentSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Comment
        fields = ["url", "article", "text"]


class LinkedArticleSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Article
        fields = ["url", "title", "slug", "author", "tags", "comments"]


class RatingSerializer(serializers.ModelSerializer):
    """One to one: the key of a core row is unique among local rows."""

    class Meta:
        model = Rating
        fields = ["id", "article", "stars"]


class SigningSerializer(serializers.ModelSerializer):
    """Unique together: a local key and a core key."""

    class Meta:
        model = Signing
        fields = ["id", "booth", "author", "hour"]


class PlaceSerializer(serializers.ModelSerializer):
    """Unique together in core."""

    class Meta:
        model = Place
        fields = ["id", "name", "country", "population", "twins"]


class VisitSerializer(serializers.ModelSerializer):
    """Refers to a core row by its slug."""

    class Meta:
        model = Visit
        fields = ["id", "article", "place", "minutes"]


class ShelfSerializer(serializers.ModelSerializer):
    """Local rows and core rows, many to many."""

    class Meta:
        model = Shelf
        fields = ["id", "name", "articles"]


class StorySerializer(serializers.ModelSerializer):
    """One row over both databases."""

    class Meta:
        model = Story
        fields = ["id", "title", "slug", "author", "tags", "teaser", "position"]


class ContentSerializer(serializers.ModelSerializer):
    """The rows of this project, of a model with rows in both databases."""

    class Meta:
        model = Content
        fields = ["id", "title", "slug"]


class CoreContentSerializer(ContentSerializer):
    """The rows in core: where they are made and where they are unique, ``CoreManager`` says."""

    class Meta(ContentSerializer.Meta):
        extra_kwargs = {"slug": {"validators": [UniqueValidator(Content.contents.all())]}}

    def create(self, validated_data):
        return Content.contents.create(**validated_data)
