from importlib import import_module
from types import ModuleType

from django.apps import apps
from django.core.management.base import CommandError
from django.db import models

from causeway.management.verbs.base import Verb
from causeway.placements.staged.explain import explain


class Explain(Verb):
    help = "Prints how the core tables of a queryset are placed, what is fetched of them, and each statement."

    @staticmethod
    def add_arguments(parser):
        parser.add_argument(
            "expression",
            help="A queryset as Python: 'daily.Comment.objects.filter(article__title=\"Bridges\")'. It may begin with "
            "an app label or a module, and use the names of django.db.models. It is evaluated, and may be any code: "
            "take it from nobody whom you would not give a shell.",
        )
        parser.add_argument(
            "--analyze", action="store_true", help="Execute it besides, for the actual rows and bytes."
        )

    def handle(self, *, expression, analyze, **options):
        queryset = evaluated(expression)
        try:
            explanation = explain(queryset, analyze)
        except Exception as error:
            # It is the user's query, which may fail in any way.
            raise CommandError(f"Cannot explain {expression!r}: {in_one_line(error)}") from error
        self.stdout.write(str(explanation))


def evaluated(expression):
    """What the expression is. Raises CommandError."""
    try:
        code = compile(expression.strip(), "<expression>", "eval")
        return eval(code, Names())
    except SyntaxError as error:
        raise CommandError(f"Cannot read {expression!r} as a Python expression: {error.msg}.") from error
    except Exception as error:
        # It is the user's code.
        reason = f"{type(error).__name__}: {in_one_line(error)}"
        raise CommandError(f"Cannot evaluate {expression!r}: {reason}") from error


def in_one_line(error):
    return " ".join(str(error).split())


class Names(dict[str, object]):
    """The names of an expression: those of ``django.db.models``, app labels, modules."""

    def __init__(self):
        super().__init__({name: getattr(models, name) for name in models.__all__})

    def __missing__(self, name):
        if name in apps.app_configs:
            config = apps.get_app_config(name)
            return Package(config.module, config)
        try:
            return Package(import_module(name))
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            raise KeyError(name) from None


class Package:
    """A module whose submodules are imported when they are asked for, and an app whose models are."""

    def __init__(self, module, config=None):
        self.module = module
        self.config = config

    def __getattr__(self, name):
        if self.config:
            try:
                return self.config.get_model(name)
            except LookupError:
                pass
        found = getattr(self.module, name, None)
        if found is None:
            found = self.imported(name)
        return Package(found) if isinstance(found, ModuleType) else found

    def imported(self, name):
        path = f"{self.module.__name__}.{name}"
        try:
            return import_module(path)
        except ModuleNotFoundError as error:
            if error.name not in {path, self.module.__name__}:
                raise
        if self.config:
            raise AttributeError(f"the app {self.config.label!r} has no model {name!r}")
        raise AttributeError(f"the module {self.module.__name__!r} has no {name!r}")
