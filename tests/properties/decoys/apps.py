from django.apps import AppConfig


class DecoysConfig(AppConfig):
    name = "tests.properties.decoys"
