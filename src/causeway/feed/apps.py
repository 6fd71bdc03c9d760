from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class FeedConfig(AppConfig):
    name = "causeway.feed"
    label = "causeway_feed"
    verbose_name = "Causeway: change feed"

    def ready(self) -> None:
        from causeway.feed.checks import register_checks
        from causeway.feed.install import install_after_migrate
        from causeway.feed.migrating import make_way

        pre_migrate.connect(make_way, sender=self, dispatch_uid="causeway.feed.migrating")
        post_migrate.connect(install_after_migrate, sender=self, dispatch_uid="causeway.feed.install")
        register_checks()
