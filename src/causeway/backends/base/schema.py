from contextlib import contextmanager

from causeway.backends.base.constraints import CoreConstraint, CoreConstraintsMixin
from causeway.conf import staged_cores
from causeway.exceptions import CoreNotOwned
from causeway.history import installed_model, is_of_a_migration
from causeway.homes import is_fitted, stands_in_core
from causeway.names import with_parameters
from causeway.placements import is_linked_on


def on_own_table(name):
    """An editor's method ``name(model, …)`` that refuses the table of a core model."""

    def method(self, model, *args, **kwargs):
        if home := self.other_home(model):
            raise CoreNotOwned(
                f"Cannot change the table of {model._meta.label} on {self.connection.alias!r}: it is a core table, "
                f"which only the core project changes. Its owner does so on the alias {home!r}."
            )
        return getattr(super(SchemaEditorMixin, self), name)(model, *args, **kwargs)

    method.__name__ = name
    return method


class SchemaEditorMixin(CoreConstraintsMixin):
    # The names of core tables that were put into statements and have such signs.
    with_percent_signs: frozenset[str] = frozenset()

    add_constraint = on_own_table("add_constraint")
    add_index = on_own_table("add_index")
    alter_db_table = on_own_table("alter_db_table")
    alter_db_table_comment = on_own_table("alter_db_table_comment")
    alter_index_together = on_own_table("alter_index_together")
    alter_unique_together = on_own_table("alter_unique_together")
    create_model = on_own_table("create_model")
    delete_model = on_own_table("delete_model")
    remove_constraint = on_own_table("remove_constraint")
    remove_field = on_own_table("remove_field")
    remove_index = on_own_table("remove_index")
    rename_index = on_own_table("rename_index")

    def quote_name(self, name):
        # A schema editor names tables only as targets: REFERENCES, above all.
        placed = self.connection.ops.placed_table(name)
        if placed and "%" in placed:
            self.with_percent_signs |= {placed}
        return placed or super().quote_name(name)

    def execute(self, sql, params=()):
        if params is not None and not isinstance(sql, CoreConstraint):
            sql = str(sql)
            # Of the names in it, only ours may have any: Django's own statements do not bear them.
            for name in self.with_percent_signs:
                sql = sql.replace(name, with_parameters(name))
        return super().execute(sql, params)

    def has_constraint(self, field):
        """Whether the engine can hold the constraint of a foreign key of a table made here."""
        if not (field.remote_field and getattr(field, "db_constraint", False)):
            return True
        target = field.remote_field.model
        if isinstance(target, str):
            return True
        home = self.home(target)
        if home is None:
            # Core knows none of the child's tables but those that stand there too.
            return not self.connection.is_core or stands_in_core(target)
        return home == self.connection.alias or (
            self.connection.features.supports_foreign_keys_across_databases
            and is_linked_on(self.connection, home)
        )

    def home(self, model):
        return getattr(model._meta.db_table, "home", None) if self.connection.reaches_core else None

    def other_home(self, model):
        """The home of a core model whose table is not this connection's; else None."""
        home = self.home(model)
        return home if home != self.connection.alias else None

    @contextmanager
    def possible_constraints(self, *fields):
        """Leave out, meanwhile, the constraints that cannot be: the column and its index stay."""
        left_out = [field for field in fields if not self.has_constraint(field)]
        for field in left_out:
            field.db_constraint = False
        try:
            yield
        finally:
            for field in left_out:
                field.db_constraint = True

    @contextmanager
    def keys_of_today(self, *fields):
        """Meanwhile, foreign keys to core models have the types of the keys as they stand in core.

        A migration of this project may be older than the one that gave such a key its type.
        """
        kept = {}
        for field in fields:
            if today := self.key_of_today(field):
                kept[field] = field.foreign_related_fields
                field.__dict__["foreign_related_fields"] = (today,)
        try:
            yield
        finally:
            for field, keys in kept.items():
                field.__dict__["foreign_related_fields"] = keys

    def key_of_today(self, field):
        """The field of the installed model to which a migration's field refers in core; None if it is not such a one."""
        target = field.many_to_one and field.remote_field.model
        if not target or isinstance(target, str) or self.other_home(target) is None:
            return None
        installed = is_fitted(target) and installed_model(target)
        keys = installed._meta.local_concrete_fields if installed else []
        return next((key for key in keys if key.column == field.target_field.column), None)

    def table_sql(self, model):
        fields = model._meta.local_fields
        with self.possible_constraints(*fields), self.keys_of_today(*fields):
            return super().table_sql(model)

    def _field_should_be_indexed(self, model, field):
        # MySQL indexes a foreign key by its constraint, where it has one.
        with self.possible_constraints(field):
            return super()._field_should_be_indexed(model, field)

    def _collate_sql(self, collation, *args):
        # A test core of another engine than the child's is made without what only the child's has.
        is_staged = self.connection.alias in staged_cores()
        if is_staged and collation and not self.connection.ops.has_collation(collation):
            return ""
        return super()._collate_sql(collation, *args)

    def add_field(self, model, field):
        self.without_inline_constraint(field)
        with self.possible_constraints(field), self.keys_of_today(field):
            return self.add_own_field(model, field)

    add_own_field = on_own_table("add_field")

    def alter_field(self, model, old_field, new_field, strict=False):
        if self.is_childs(model):
            # Django goes on in the tables that refer to a core model. This one is altered where it stands.
            return None
        fields = old_field, new_field
        models = [field.model for field in fields if hasattr(field, "model")]
        with (
            self.possible_constraints(*fields),
            self.keys_of_today(*fields),
            self.without_childs_relations(models),
        ):
            return self.alter_own_field(model, old_field, new_field, strict)

    alter_own_field = on_own_table("alter_field")

    def is_childs(self, model):
        """Whether it is a migration's model of a table that core has not."""
        is_local = self.home(model) is None and not stands_in_core(model)
        return self.connection.is_core and is_local and is_of_a_migration(model)

    @contextmanager
    def without_childs_relations(self, models):
        """Meanwhile, these core models know of no tables that refer to theirs but core's."""
        hidden = (
            {model._meta: model._meta._relation_tree for model in models} if self.connection.is_core else {}
        )
        for opts, fields in hidden.items():
            know(opts, [field for field in fields if not self.is_childs(field.model)])
        try:
            yield
        finally:
            for opts, fields in hidden.items():
                know(opts, fields)

    def alter_types(self, fields):
        """Give columns of foreign keys the type of the key to which they refer.

        ``fields`` are pairs of a field before and after that key was altered.
        """
        changed = [
            pair
            for pair in fields
            if len({type_and_collation(field, self.connection) for field in pair}) == 2
        ]
        for old, _ in changed:
            self.drop_constraints_of(old)
        for old, new in changed:
            self.alter_type(old, new)
        for _, new in changed:
            if self.sql_create_fk and getattr(new, "db_constraint", False) and self.has_constraint(new):
                self.execute(self._create_fk_sql(new.model, new, "_fk_%(to_table)s_%(to_column)s"))

    def drop_constraints_of(self, field):
        """Drop the constraints by which the column of a foreign key refers to another."""
        for name in self._constraint_names(field.model, [field.column], foreign_key=True):
            self.execute(self._delete_fk_sql(field.model, name))

    def alter_type(self, old, new):
        """Give one column another type, as Django does it for what refers to a key that it alters."""
        asked, collation = type_and_collation(new, self.connection)
        _, old_collation = type_and_collation(old, self.connection)
        fragment, others = self._alter_column_type_sql(new.model, old, new, asked, old_collation, collation)
        table = self.quote_name(new.model._meta.db_table)
        self.execute(self.sql_alter_column % {"table": table, "changes": fragment[0]}, fragment[1])
        for sql, params in others:
            self.execute(sql, params)


def type_and_collation(field, connection):
    asked = field.db_parameters(connection=connection)
    return asked["type"], asked.get("collation")


def know(opts, fields):
    """Have a model be referred to by these fields."""
    opts._expire_cache(forward=False)
    opts.__dict__["_relation_tree"] = fields
