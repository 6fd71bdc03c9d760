"""The weekly's pages: features, which extend articles of the wire, and stories from both databases."""

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.messages.views import SuccessMessageMixin
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.views.generic import CreateView, DetailView, FormView, TemplateView, UpdateView
from wire.discussion import DiscussedArticle, MostDiscussed
from wire.models import Article
from wire.slugs import free_slug
from wire.views import ArticleEdit, ArticleList

from weekly.forms import FeatureFilter, FeatureForm, LetterForm, StoryForm, TakeUpForm
from weekly.models import Feature, Story


class FeatureList(ArticleList):
    """Each row is half in core, half here; its letters are here too."""

    queryset = (
        Feature.objects.select_related("author", "place")
        .prefetch_related("tags")
        .annotate(comment_count=Count("comments"))
    )
    filter_class = FeatureFilter
    template_name = "weekly/feature_list.html"


class WireList(ArticleList):
    """What the wire offers and the weekly has not taken up: articles without a local row."""

    queryset = ArticleList.queryset.filter(feature__isnull=True)
    has_lead = False
    template_name = "weekly/wire_list.html"


class LettersPage(DiscussedArticle):
    """Any article of the wire; where it is a feature, ``article.feature`` is the local half."""

    queryset = DiscussedArticle.queryset.select_related("feature")
    form_class = LetterForm
    template_name = "weekly/article.html"


class MostLetters(MostDiscussed):
    template_name = "weekly/most_letters.html"


class EditFeature(ArticleEdit):
    model = Feature
    form_class = FeatureForm
    template_name = "weekly/feature_form.html"
    success_message = "Saved: title and text in the core database, section and teaser in the weekly's own."


class TakeUp(PermissionRequiredMixin, SuccessMessageMixin, FormView):
    """Gives an article of the wire the local half that makes it a feature."""

    form_class = TakeUpForm
    permission_required = "weekly.add_feature"
    template_name = "weekly/take_up.html"
    success_message = "Taken up. The article stays where it is; only section and teaser are new."

    def dispatch(self, request, *args, **kwargs):
        self.article = get_object_or_404(Article.objects.filter(feature__isnull=True), slug=kwargs["slug"])
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self):
        return {"teaser": self.article.summary[:300]}

    def get_context_data(self, **kwargs):
        return super().get_context_data(article=self.article, **kwargs)

    def form_valid(self, form):
        Feature.take_up(self.article, **form.cleaned_data)
        return super().form_valid(form)

    def get_success_url(self):
        return self.article.get_absolute_url()


class StoryList(TemplateView):
    """Two managers of one model: the weekly's own rows beside the core project's."""

    template_name = "weekly/stories.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(ours=Story.objects.all(), theirs=Story.contents.all(), **kwargs)


class StoryRows:
    """The rows that the address names: ``ours`` or ``wire``."""

    context_object_name = "story"

    def get_queryset(self):
        rows = {"ours": Story.objects, "wire": Story.contents}
        if manager := rows.get(self.kwargs["origin"]):
            return manager.all()
        raise Http404("There are stories of ours and of the wire.")


class StoryPage(StoryRows, DetailView):
    template_name = "weekly/story.html"


class EditStory(PermissionRequiredMixin, StoryRows, SuccessMessageMixin, UpdateView):
    """A story is saved where it came from: no line of this view says in which database."""

    form_class = StoryForm
    permission_required = "weekly.change_story"
    template_name = "weekly/story_form.html"
    success_message = "Saved where it lives."


class NewStory(PermissionRequiredMixin, SuccessMessageMixin, CreateView):
    form_class = StoryForm
    permission_required = "weekly.add_story"
    template_name = "weekly/story_form.html"
    success_message = "A story of the weekly's own."

    def form_valid(self, form):
        form.instance.slug = free_slug(form.cleaned_data["title"], Story.objects.all())
        return super().form_valid(form)
