from typing import Any

from django.apps import AppConfig

from causeway.alias_checks import register_alias_checks
from causeway.checks import register_checks
from causeway.homes import register_homes, stamp_namesakes
from causeway.management.content_types import register_content_types, register_makers
from causeway.management.following import register_following
from causeway.signals import register_guards
from causeway.transactions.installation import register_installation


class CausewayConfig(AppConfig):
    name = "causeway"
    verbose_name = "Causeway"

    def __init__(self, app_name: str, app_module: Any) -> None:
        super().__init__(app_name, app_module)
        # Every app's configuration is made before any app's models are loaded.
        register_homes()
        register_makers()

    def ready(self) -> None:
        stamp_namesakes()
        register_checks()
        register_alias_checks()
        register_guards()
        register_content_types()
        register_following()
        register_installation()
