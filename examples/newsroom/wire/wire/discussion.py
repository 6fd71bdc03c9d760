"""The pages about what readers say, for projects with a model made of ``ReaderComment``.

The core project has none, and does not import this module.
"""

from django.contrib import messages
from django.db.models import Count, Max
from django.views.generic import ListView
from django.views.generic.edit import FormMixin

from wire.models import Article
from wire.views import ArticleDetail, LenientPages


class DiscussedArticle(FormMixin, ArticleDetail):
    """An article with the readers' comments and the form to add one; ``form_class`` is the child project's."""

    def post(self, request, *args, **kwargs):
        self.object = self.get_object()
        form = self.get_form()
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)

    def form_valid(self, form):
        form.instance.article_id = self.object.pk
        form.save()
        messages.success(self.request, "Thank you. Your words are below.")
        return super().form_valid(form)

    def get_success_url(self):
        return f"{self.object.get_absolute_url()}#comments"


class MostDiscussed(LenientPages, ListView):
    """Local comments counted over core articles: one query over both databases."""

    queryset = (
        Article.objects.select_related("author", "place")
        .annotate(
            comment_count=Count("comments"),
            voices=Count("comments__name", distinct=True),
            last_comment_at=Max("comments__created_at"),
        )
        .filter(comment_count__gt=0)
        .order_by("-comment_count", "-last_comment_at")
    )
    paginate_by = 20
    template_name = "wire/most_discussed.html"
    context_object_name = "articles"

    def get_context_data(self, **kwargs):
        first = self.get_queryset().first()
        return super().get_context_data(most=first.comment_count if first else 1, **kwargs)
