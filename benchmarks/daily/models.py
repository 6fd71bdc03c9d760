"""The child project's app: its comments on core articles, and its own rows of the shared content."""

from django.db import models
from wire.models import Article, CoreContent


class Content(CoreContent):
    pass


class Comment(models.Model):
    article = models.ForeignKey(Article, models.CASCADE, related_name="comments")
    reply_to = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    created_at = models.DateTimeField(db_index=True)
    flagged = models.BooleanField(default=False, db_index=True)
    text = models.CharField(max_length=200)

    class Meta:
        db_table = "comment"
