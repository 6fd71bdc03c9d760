from django.apps import AppConfig


class CoreWholeConfig(AppConfig):
    name = "tests.properties.core_whole"
