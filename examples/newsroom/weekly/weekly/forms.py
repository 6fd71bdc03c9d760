from django import forms
from wire.forms import ArticleFilter, ArticleForm

from weekly.models import Feature, Letter, Section, Story


class FeatureFilter(ArticleFilter):
    """The wire's filters and the weekly's own, over one table in each database."""

    ORDERS = {
        **ArticleFilter.ORDERS,
        "section": ("By section", ["section", "-published_at", "pk"]),
        "discussed": ("Most letters", ["-comment_count", "-published_at", "pk"]),
    }

    section = forms.ChoiceField(choices=[("", "All"), *Section.choices], required=False)
    field_order = ["q", "section", "place", "author", "tag", "sort"]

    def apply(self, features):
        features = super().apply(features)
        if section := self.cleaned_data.get("section"):
            features = features.filter(section=section)
        return features


class FeatureForm(ArticleForm):
    """One form over both databases: title and text are saved in core, section and teaser here."""

    class Meta(ArticleForm.Meta):
        model = Feature
        fields = ["section", "teaser", *ArticleForm.Meta.fields]
        help_texts = {"section": "The weekly's own.", "teaser": "The weekly's own: what its front page says."}


class TakeUpForm(forms.ModelForm):
    class Meta:
        model = Feature
        fields = ["section", "teaser"]


class LetterForm(forms.ModelForm):
    class Meta:
        model = Letter
        fields = ["name", "text"]
        labels = {"name": "Your name", "text": "Your letter"}
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}


class StoryForm(forms.ModelForm):
    class Meta:
        model = Story
        fields = ["title", "byline", "summary", "body"]
        widgets = {"summary": forms.Textarea(attrs={"rows": 3}), "body": forms.Textarea(attrs={"rows": 14})}
