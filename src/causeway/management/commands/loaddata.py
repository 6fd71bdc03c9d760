import sys
from contextlib import nullcontext
from io import StringIO

from django.apps import apps
from django.core.management.commands.loaddata import Command as DjangoCommand
from django.db import IntegrityError, router, transaction
from django.db.models import Exists, OuterRef
from django.utils.functional import cached_property

from causeway import homes, underway
from causeway.conf import LOCAL_ALIAS, cores
from causeway.fixtures import ahead, homes_of_test, was_ahead
from causeway.management.left_out import left_out, with_defaults
from causeway.placements import is_linked


class Command(DjangoCommand):
    """Loads the rows of linked core models over the child's own connection.

    So they are part of its open transaction, as every other write to them is: a fixture of a
    TestCase is seen by its tests. Rows of models with a ``CoreManager`` follow over the core
    connection, which that manager reads, in a transaction of their own.
    """

    def handle(self, *fixture_labels, **options):
        home = options["database"]
        if "-" in fixture_labels:
            self.input = sys.stdin.read()
        if home == LOCAL_ALIAS:
            return self.load_local(*fixture_labels, **options)
        if home not in cores():
            return super().handle(*fixture_labels, **options)
        return self.load_core(home, was_ahead("fixtures", home, fixture_labels), *fixture_labels, **options)

    def load_local(self, *fixture_labels, **options):
        """Load the rows of the child's own models; in a test case, after core's."""
        first = homes_of_test()
        is_atomic = any(map(is_linked, first))
        with (
            ahead("fixtures", first, fixture_labels),
            transaction.atomic(LOCAL_ALIAS) if is_atomic else nullcontext(),
        ):
            for home in first:
                load = self.load_over_link if is_linked(home) else self.load_here
                load(home, *fixture_labels, **{**options, "verbosity": 0})
            with underway.over_link():
                return super().handle(*fixture_labels, **options)

    def load_here(self, alias, *fixture_labels, **options):
        return super().handle(*fixture_labels, **{**options, "database": alias})

    def load_core(self, home, is_done, *fixture_labels, **options):
        """Load the rows of core models and of each ``CoreManager``; ``is_done``: those of core models are there."""
        if not is_linked(home):
            return None if is_done else self.load_here(home, *fixture_labels, **options)
        quiet = {**options, "verbosity": 0 if options["verbosity"] == 1 else options["verbosity"]}
        loaded = found = 0
        if not is_done:
            self.load_over_link(home, *fixture_labels, **quiet)
            loaded, found = self.loaded_object_count, self.fixture_object_count
        models = apps.get_models(include_auto_created=True)
        if any(homes.stands_in_core(model) for model in models):
            own = [model._meta.label for model in models if homes.home_of(model) == home]
            with underway.local_rows_answered():
                super().handle(*fixture_labels, **_excluding(quiet, own), database=home)
            loaded += self.loaded_object_count
        if options["verbosity"] == 1 and not is_done:
            of = f" (of {found})" if loaded != found else ""
            self.stdout.write(f"Installed {loaded} object(s){of} from {self.fixture_count} fixture(s)")
        return None

    def load_over_link(self, home, *fixture_labels, **options):
        models = apps.get_models(include_auto_created=True)
        others = [model._meta.label for model in models if homes.home_of(model) != home]
        with underway.over_link(home):
            super().handle(*fixture_labels, **_excluding(options, others), database=LOCAL_ALIAS)

    @cached_property
    def compression_formats(self):
        formats = super().compression_formats
        if hasattr(self, "input"):
            formats["stdin"] = (lambda *args: StringIO(self.input), None)
        return formats

    def save_obj(self, obj):
        if not router.allow_migrate_model(self.using, homes.model_of(obj.object)):
            # Django would still save what it could not resolve yet, to a row that is not loaded here.
            obj.deferred_fields = {}
        with with_defaults():
            return super().save_obj(obj)

    def is_left_out(self, model):
        """Whether no rows of this model are loaded into the database."""
        return (
            model in self.excluded_models
            or model._meta.app_config in self.excluded_apps
            or not router.allow_migrate_model(self.using, model)
        )

    def loaddata(self, fixture_labels):
        with left_out(self.is_left_out):
            super().loaddata(fixture_labels)
        for model in getattr(self, "models", ()):
            self.check_references(model)

    def check_references(self, model):
        """Raise IntegrityError where a loaded row refers to a core row that is not there.

        Django checks what was loaded while constraints were off, but only within a database.
        """
        for field in model._meta.local_concrete_fields:
            target = field.remote_field and field.remote_field.model
            if not target or not getattr(field, "db_constraint", False) or homes.home_of(target) is None:
                continue
            (remote,) = field.foreign_related_fields
            there = target._base_manager.filter(**{remote.attname: OuterRef(field.attname)})
            rows = model._base_manager.using(self.using).filter(**{f"{field.attname}__isnull": False})
            dangling = rows.filter(~Exists(there)).values_list("pk", field.attname).first()
            if dangling:
                raise IntegrityError(
                    f"Problem installing fixtures: the {model._meta.label} with the primary key {dangling[0]!r} "
                    f"refers by {field.name!r} to the {target._meta.label} {dangling[1]!r}, which is not in the "
                    f"core database {homes.home_of(target)!r}. Load the core rows first, or with it."
                )


def _excluding(options, labels):
    kept = {key: value for key, value in options.items() if key != "database"}
    return {**kept, "exclude": [*options["exclude"], *labels]}
