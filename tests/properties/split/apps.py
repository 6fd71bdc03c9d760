from django.apps import AppConfig


class SplitConfig(AppConfig):
    name = "tests.properties.split"
