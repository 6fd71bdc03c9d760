from django import template
from django.utils.html import escape, strip_tags

from wire import maps
from wire.rendering import render, render_text

register = template.Library()


@register.simple_tag
def body_of(article):
    """The text of an article as HTML, cleaned."""
    return render(article.markup, article.body)


@register.simple_tag
def standfirst_of(article):
    """The summary, where it is not just how the text begins."""
    summary = article.summary.rstrip("…")
    text = " ".join(strip_tags(render(article.markup, article.body)).split())
    return "" if text.startswith(escape(summary)) else article.summary


@register.filter
def paragraphs(text):
    """What a reader wrote, as paragraphs; any markup in it is shown, not obeyed."""
    return render_text(text)


@register.filter
def stars(rating):
    """Filled and empty stars for an average of 0 to 5."""
    full = int((rating or 0) + 0.5)
    return "★" * full + "☆" * (5 - full)


@register.inclusion_tag("wire/locator.html")
def locator(place):
    """A small map around a place."""
    x, y = maps.position(place)
    width, height = 48, 27
    left = min(max(x - width / 2, 0), 360 - width)
    top = min(max(y - height / 2, 0), 180 - height)
    return {"place": place, "x": x, "y": y, "view": f"{left:.2f} {top:.2f} {width} {height}"}
