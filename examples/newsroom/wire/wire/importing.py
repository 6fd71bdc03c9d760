"""One manuscript into the database: all of it or nothing."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from wire.gazetteer import named_place, place_in
from wire.manuscripts import Skipped
from wire.models import Article, Author, Tag
from wire.slugs import free_slug

ADDED, UPDATED, UNCHANGED = "added", "updated", "unchanged"


@transaction.atomic
def save(manuscript, default_author):
    """Make the manuscript's article, or update it if its file changed; say which.

    Raises Skipped, with nothing changed, where its fields are not valid.
    """
    article = Article.objects.filter(file_key=manuscript.key).first()
    if article and article.file_digest == manuscript.digest:
        return UNCHANGED  # and keeps what editors made of it since
    try:
        return write(article, manuscript, default_author)
    except ValidationError as error:
        problems = (f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items())
        raise Skipped(f"is not valid: {'; '.join(problems)}") from error


def write(article, manuscript, default_author):
    outcome = UPDATED if article else ADDED
    if article is None:
        article = Article(slug=free_slug(manuscript.title, Article.objects.all()), file_key=manuscript.key)
    article.title = manuscript.title
    article.summary = manuscript.summary
    article.body = manuscript.body
    article.markup = manuscript.markup
    article.published_at = manuscript.published_at
    article.file_digest = manuscript.digest
    article.author = by_name(Author, "author", manuscript.author or default_author)
    article.place = named_place(manuscript.place) if manuscript.place else place_in(manuscript.prose)
    article.full_clean()
    article.save()
    article.tags.set(by_name(Tag, "tags", name) for name in manuscript.tags)
    return outcome


def by_name(model, field, name):
    """The author or tag of that name, made if need be."""
    slug = slugify(name, allow_unicode=True)
    if found := model.objects.filter(slug=slug).first():
        return found
    made = model(name=name, slug=slug)
    try:
        made.full_clean()
    except ValidationError as error:
        raise ValidationError({field: f"{name[:60]!r}: {error.messages[0]}"}) from error
    made.save()
    return made
