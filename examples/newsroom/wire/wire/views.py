"""The pages that the projects share. Each child project extends them with what is its own."""

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.db.models import Count
from django.http import HttpResponse
from django.views.decorators.cache import cache_control
from django.views.generic import DetailView, ListView, UpdateView

from wire import maps
from wire.forms import ArticleFilter, ArticleForm
from wire.models import Article, Place


class LenientPages:
    """Pages of a list: a number beyond the last shows the last, and one that is none the first."""

    def paginate_queryset(self, queryset, page_size):
        page = self.get_paginator(queryset, page_size).get_page(self.request.GET.get("page"))
        return page.paginator, page, page.object_list, page.has_other_pages()


class ArticleList(LenientPages, ListView):
    queryset = Article.objects.select_related("author", "place").prefetch_related("tags")
    filter_class = ArticleFilter
    has_lead = True  # the first article is set across the page
    paginate_by = 13  # one across the page and four rows of three
    template_name = "wire/article_list.html"
    context_object_name = "articles"

    def get_queryset(self):
        self.filter = self.filter_class(self.request.GET)
        return self.filter.apply(super().get_queryset())

    def get_context_data(self, **kwargs):
        context = super().get_context_data(filter=self.filter, **kwargs)
        page = context["page_obj"]
        context["has_lead"] = self.has_lead and page.number == 1 and not self.request.GET
        context["pages"] = page.paginator.get_elided_page_range(page.number)
        return context


class ArticleDetail(DetailView):
    queryset = Article.objects.select_related("author", "place")
    template_name = "wire/article_detail.html"
    context_object_name = "article"


class ArticleEdit(PermissionRequiredMixin, SuccessMessageMixin, UpdateView):
    """Saves to the core database: every project shows the article as it was edited here."""

    model = Article
    form_class = ArticleForm
    permission_required = "wire.change_article"
    template_name = "wire/article_form.html"
    context_object_name = "article"
    success_message = "Saved in the core database: the other projects show it too."


class PlaceMap(ListView):
    """Where the articles are about, on a map."""

    template_name = "wire/place_map.html"
    context_object_name = "places"
    # What the size of a place on the map, and the last column of the table, counts.
    measure = "articles"

    def get_queryset(self):
        places = Place.objects.annotate(
            article_count=Count("articles", distinct=True), weight=Count(self.measure, distinct=True)
        )
        return places.filter(article_count__gt=0).order_by("-weight", "name")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["marks"] = maps.marks(context["places"])
        context["has_weight"] = self.measure != "articles"
        return context


@cache_control(public=True, max_age=86400)
def world(request):
    """The map that the pages lay their marks on, drawn from the places themselves."""
    return HttpResponse(maps.world(), content_type="image/svg+xml")
