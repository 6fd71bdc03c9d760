"""System checks of the core project's side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from causeway.conf import FEED
from causeway.feed.conf import KEYS, feed


def register_checks() -> None:
    register(check_feed, "causeway")


def check_feed(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    setting = getattr(settings, "CAUSEWAY", {})
    entry = setting.get(FEED, {}) if isinstance(setting, Mapping) else {}
    if not isinstance(entry, Mapping) or set(entry) - KEYS:
        return [
            Error(
                f"CAUSEWAY['feed'] must be a dictionary with the keys {', '.join(sorted(KEYS))}.",
                hint="Write CAUSEWAY = {'feed': {'MODELS': ['app_label']}}: the models whose changes are logged.",
                id="causeway.E016",
            )
        ]
    installed = {config.label.lower() for config in apps.get_app_configs()}
    models = {model._meta.label_lower for model in apps.get_models(include_swapped=True)}
    return [
        Error(
            f"CAUSEWAY['feed']['MODELS'] names {label!r}, which is no installed app and no model.",
            hint="Use an app label ('content') or a model label ('auth.User') of INSTALLED_APPS.",
            id="causeway.E016",
        )
        for label in sorted(feed().models)
        if label not in installed | models
    ]
