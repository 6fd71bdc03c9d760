"""The daily's pages: the wire's, with what its readers say and how they rate."""

from django.contrib import messages
from django.db.models import Avg, Count, Max
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST
from wire.discussion import DiscussedArticle, MostDiscussed
from wire.models import Article
from wire.views import ArticleDetail, ArticleList, PlaceMap

from daily.forms import CommentForm, DailyFilter, RatingForm
from daily.models import Rating


def with_readers(articles):
    """Core articles with what the daily's own database knows of each: one query over both."""
    return articles.annotate(
        comment_count=Count("comments", distinct=True),
        last_comment_at=Max("comments__created_at"),
        rating=Avg("ratings__stars"),
    )


class DailyList(ArticleList):
    queryset = with_readers(ArticleList.queryset)
    filter_class = DailyFilter


class DailyArticle(DiscussedArticle):
    queryset = with_readers(ArticleDetail.queryset).annotate(rating_count=Count("ratings", distinct=True))
    form_class = CommentForm
    template_name = "daily/article.html"

    def get_context_data(self, **kwargs):
        own = Rating.objects.filter(
            article=self.object, reader=self.request.session.session_key or ""
        ).first()
        return super().get_context_data(own_stars=own.stars if own else None, **kwargs)


class DailyDiscussed(MostDiscussed):
    template_name = "daily/most_discussed.html"


class DailyMap(PlaceMap):
    """Places, which are in core, by what is said here about the articles from there."""

    measure = "articles__comments"
    template_name = "daily/places.html"


@require_POST
def rate(request, slug):
    """One rating for each reader and article; a second replaces the first."""
    article = get_object_or_404(Article, slug=slug)
    form = RatingForm(request.POST)
    if form.is_valid():
        if not request.session.session_key:
            request.session.create()
        Rating.objects.update_or_create(
            article=article, reader=request.session.session_key, defaults=form.cleaned_data
        )
        messages.success(request, "Thank you for your rating.")
    else:
        messages.error(request, "A rating is a number of stars from 1 to 5.")
    return redirect(article)
