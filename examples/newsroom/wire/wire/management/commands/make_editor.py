import os

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Make a user who may do everything, or set its password: the one in the variable EDITOR_PASSWORD."

    def add_arguments(self, parser):
        parser.add_argument("username")

    def handle(self, *, username, **options):
        password = os.environ.get("EDITOR_PASSWORD")
        if not password:
            raise CommandError("Set the variable EDITOR_PASSWORD.")
        user, _ = get_user_model().objects.get_or_create(username=username)
        user.is_staff = user.is_superuser = True
        user.set_password(password)
        user.save()
