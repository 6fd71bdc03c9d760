from django import forms
from django.db.models import F
from wire.forms import ArticleFilter

from daily.models import Comment, Rating


class DailyFilter(ArticleFilter):
    """The wire's filters, and those by what the daily's readers did."""

    ORDERS = {
        "active": ("Last commented", [F("last_comment_at").desc(nulls_last=True), "-published_at", "pk"]),
        **ArticleFilter.ORDERS,
        "discussed": ("Most comments", ["-comment_count", "-published_at", "pk"]),
        "rated": ("Best rated", [F("rating").desc(nulls_last=True), "-published_at", "pk"]),
    }

    rating = forms.TypedChoiceField(
        choices=[("", "Any"), (2, "2 stars or more"), (3, "3 stars or more"), (4, "4 stars or more")],
        coerce=int,
        empty_value=None,
        required=False,
    )
    field_order = ["q", "place", "author", "tag", "rating", "sort"]

    def apply(self, articles):
        articles = super().apply(articles)
        if rating := self.cleaned_data.get("rating"):
            articles = articles.filter(rating__gte=rating)
        return articles


class CommentForm(forms.ModelForm):
    class Meta:
        model = Comment
        fields = ["name", "text"]
        labels = {"name": "Your name", "text": "Your comment"}
        widgets = {"text": forms.Textarea(attrs={"rows": 4})}


class RatingForm(forms.ModelForm):
    class Meta:
        model = Rating
        fields = ["stars"]
