"""Settings of a process that runs tests of Django's: the databases and homes that it is told."""

import json
import os

from tests.fidelity.layout import LAYOUT_VARIABLE, Layout

layout = Layout(**json.loads(os.environ[LAYOUT_VARIABLE]))

DATABASES = layout.databases
if layout.causeway:
    CAUSEWAY = layout.causeway
    DATABASE_ROUTERS = ["causeway.routers.CoreRouter"]

SECRET_KEY = "fidelity"
TEST_RUNNER = "tests.fidelity.runner.FidelityRunner"
# As Django's own settings for its tests are.
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = False
