"""A site whose pages import and export."""

from django.contrib import admin
from import_export.admin import ExportActionMixin, ImportExportModelAdmin

from tests.library.models import Article
from tests.shop.models import Comment
from tests.third_party.resources import ArticleResource, CommentResource

site = admin.AdminSite(name="exchange")


@admin.register(Comment, site=site)
class CommentAdmin(ImportExportModelAdmin):
    resource_classes = [CommentResource]
    list_filter = ["article__author"]


@admin.register(Article, site=site)
class ArticleAdmin(ExportActionMixin, ImportExportModelAdmin):
    resource_classes = [ArticleResource]
