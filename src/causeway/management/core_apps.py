"""Apps whose tables, or some of them, live in a core database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps

from causeway import homes
from causeway.conf import cores


@dataclass(frozen=True)
class CoreApp:
    """An installed app with core models; ``whole`` where it has no others."""

    label: str
    home: str
    models: tuple[str, ...]
    whole: bool

    def __str__(self) -> str:
        return self.label if self.whole else f"{self.label} ({', '.join(self.models)})"

    @property
    def reason(self) -> str:
        where = f"its tables live in the core database {self.home!r}"
        if cores()[self.home].owner:
            return f"{where}; migrate them with --database {self.home}"
        return f"{where}, which the core project migrates"


def core_apps(labels: Iterable[str | None] = ()) -> list[CoreApp]:
    """The installed apps with core models, of ``labels`` or of all."""
    wanted = {label for label in labels if label}
    found = []
    for config in apps.get_app_configs():
        if wanted and config.label not in wanted:
            continue
        models = list(config.get_models())
        for home in cores():
            names = tuple(model.__name__ for model in models if homes.home_of(model) == home)
            if names:
                found.append(CoreApp(config.label, home, names, len(names) == len(models)))
    return found
