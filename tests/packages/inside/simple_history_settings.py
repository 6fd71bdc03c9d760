"""Settings of django-simple-history's own tests, which its program makes."""

from runtests import get_default_settings  # type: ignore[import-not-found]

globals().update(get_default_settings())
