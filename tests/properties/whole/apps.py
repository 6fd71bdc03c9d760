from django.apps import AppConfig


class WholeConfig(AppConfig):
    name = "tests.properties.whole"
