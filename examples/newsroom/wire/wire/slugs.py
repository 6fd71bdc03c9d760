from django.utils.text import slugify


def free_slug(title, rows):
    """A slug for a title that none of the rows has yet."""
    stem = slugify(title, allow_unicode=True)[:240].strip("-_") or "untitled"
    slug, number = stem, 1
    while rows.filter(slug=slug).exists():
        number += 1
        slug = f"{stem}-{number}"
    return slug
