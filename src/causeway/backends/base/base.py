class DatabaseWrapperMixin:
    """What every backend of ours answers about links between databases."""

    def link_obstacle(self, other):
        """Why the database of another connection cannot be reached over this one, as a clause, or None."""
        raise NotImplementedError

    def linked_name(self, home):
        """The name that qualifies the tables of a core database in statements of this connection."""
        raise NotImplementedError
