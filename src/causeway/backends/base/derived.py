from functools import cache


@cache
def derived(mixin, theirs, module=None):
    """A backend's own class with a mixin before it; the class itself where it has the mixin."""
    if issubclass(theirs, mixin):
        return theirs
    return type(theirs.__name__, (mixin, theirs), {"__module__": module or mixin.__module__})
