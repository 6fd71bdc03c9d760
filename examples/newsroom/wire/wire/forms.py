"""The filters of a list of articles, and the forms that write."""

from django import forms
from django.db.models import Q

from wire.models import Article, Author, Place, Tag
from wire.rendering import convert


class ArticleFilter(forms.Form):
    """Narrows and sorts a list of articles. A child project adds its own fields and orders."""

    ORDERS = {
        "newest": ("Newest first", ["-published_at", "-pk"]),
        "oldest": ("Oldest first", ["published_at", "pk"]),
        "title": ("Title, A to Z", ["title", "pk"]),
    }

    q = forms.CharField(label="Text", required=False, max_length=100)
    place = forms.ModelChoiceField(Place.objects.none(), required=False, empty_label="Anywhere")
    author = forms.ModelChoiceField(
        Author.objects.all(), required=False, to_field_name="slug", empty_label="Anyone"
    )
    tag = forms.ModelChoiceField(
        Tag.objects.all(), required=False, to_field_name="slug", empty_label="Anything", label="Subject"
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = Place.objects.filter(articles__isnull=False).distinct()
        self.fields["q"].widget.input_type = "search"
        orders = [(name, label) for name, (label, _) in self.ORDERS.items()]
        self.fields["sort"] = forms.ChoiceField(choices=orders, required=False, label="Order")
        for field in self.fields.values():
            field.error_messages["invalid_choice"] = (
                "what the address asks for is not in the list, and was left out."
            )

    def apply(self, articles):
        """The articles that meet the valid filters, in the order asked for."""
        self.is_valid()
        chosen = {name: value for name, value in self.cleaned_data.items() if value}
        for name in {"place", "author"} & chosen.keys():
            articles = articles.filter(**{name: chosen[name]})
        if tag := chosen.get("tag"):
            articles = articles.filter(tags=tag)
        if text := chosen.get("q"):
            articles = articles.filter(self.matching(text))
        return articles.order_by(*self.order())

    def matching(self, text):
        found = Q()
        for column in ("title", "summary", "body", "author__name", "place__name"):
            found |= Q(**{f"{column}__icontains": text})
        return found

    def order(self):
        name = self.cleaned_data.get("sort") or next(iter(self.ORDERS))
        return self.ORDERS[name][1]

    @property
    def in_use(self):
        """The filters that are set: what to show of each, and the address of the list without it."""
        self.is_valid()
        return [
            self.chip(name, value) for name, value in self.cleaned_data.items() if value and name != "sort"
        ]

    def chip(self, name, value):
        rest = self.data.copy()
        for left_out in (name, "page"):
            rest.pop(left_out, None)
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
            value = dict(field.choices)[value]
        return {"label": self[name].label, "shown": value, "without": f"?{rest.urlencode()}"}


class ArticleForm(forms.ModelForm):
    """Edits an article in the core database, wherever the form is shown.

    Editors of other projects may have the same article open: whoever saves second is told.
    """

    seen = forms.CharField(widget=forms.HiddenInput)

    class Meta:
        model = Article
        fields = ["title", "summary", "body", "author", "tags"]
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 3}),
            "body": forms.Textarea(attrs={"rows": 18}),
            "tags": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.instance.updated_at.isoformat()

    def clean_body(self):
        body = self.cleaned_data["body"]
        try:
            convert(self.instance.markup, body)
        except Exception as error:
            raise forms.ValidationError("This text cannot be laid out. Is it nested too deeply?") from error
        return body

    def clean(self):
        current = type(self.instance)._base_manager.get(pk=self.instance.pk).updated_at
        if self.cleaned_data.get("seen") != current.isoformat():
            raise forms.ValidationError(
                "Somebody else saved this article after you opened it, here or in another project. "
                "Copy what you wrote, load the page again and put it in once more."
            )
        return super().clean()
