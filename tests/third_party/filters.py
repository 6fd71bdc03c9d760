"""What a project writes for django-filter; nothing in it knows of two databases."""

import django_filters
from django.db.models import Count

from tests.library.models import Article, Author, Tag
from tests.shop.models import Comment


class CommentFilter(django_filters.FilterSet):
    """Local rows by what their core rows say."""

    article = django_filters.ModelChoiceFilter(queryset=Article.objects.order_by("title"))
    author = django_filters.ModelMultipleChoiceFilter(
        field_name="article__author", queryset=Author.objects.order_by("name")
    )
    tags = django_filters.ModelMultipleChoiceFilter(
        field_name="article__tags__name", to_field_name="name", queryset=Tag.objects.all(), conjoined=True
    )
    title = django_filters.AllValuesFilter(field_name="article__title")
    published = django_filters.DateFromToRangeFilter(field_name="article__created_at")
    of_authors = django_filters.BaseInFilter(field_name="article__author__name", lookup_expr="in")
    unrated = django_filters.BooleanFilter(field_name="article__rating", lookup_expr="isnull")
    order = django_filters.OrderingFilter(
        fields={"article__title": "title", "article__author__name": "author"}
    )

    class Meta:
        model = Comment
        fields = {
            "flagged": ["exact"],
            "article__slug": ["exact", "startswith", "in"],
            "article__author__name": ["exact", "icontains"],
            "article__created_at": ["year", "date", "date__gt"],
        }


class ArticleFilter(django_filters.FilterSet):
    """Core rows by what their local rows say."""

    commented = django_filters.BooleanFilter(
        field_name="comments", lookup_expr="isnull", exclude=True, distinct=True
    )
    flagged = django_filters.BooleanFilter(field_name="comments__flagged", distinct=True)
    shelf = django_filters.CharFilter(field_name="shelves__name")
    stars = django_filters.RangeFilter(field_name="rating__stars")
    comment = django_filters.LookupChoiceFilter(
        field_name="comments__text", lookup_choices=["exact", "istartswith"]
    )
    most = django_filters.NumberFilter(method="with_comments")

    class Meta:
        model = Article
        fields = ["author", "tags", "slug"]

    def with_comments(self, queryset, name, value):
        return queryset.annotate(number=Count("comments")).filter(number__gte=value)
