"""Two sites made by ``wagtail start``, and one core with their accounts: a day of their editors."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import projects
from tests.projects import child_project_of, core_project_in

ACCOUNTS = ["auth", "contenttypes"]

# What a site's own settings say is put over those that `wagtail start` wrote.
SETTINGS = """
    import os

    FOR_SITE = {{name: globals()[name] for name in ("CAUSEWAY", "DATABASES", "DATABASE_ROUTERS")}}
    from {name}.settings.base import *

    globals().update(FOR_SITE)
    CAUSEWAY["core"]["MODELS"] = {models}
    INSTALLED_APPS = ["causeway", *INSTALLED_APPS]
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    MEDIA_ROOT = os.path.join(os.path.dirname(__file__), "media")
    STORAGES = {{
        "default": {{"BACKEND": "django.core.files.storage.FileSystemStorage"}},
        "staticfiles": {{"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
    }}
"""

SUPERUSER = """
    from django.contrib.auth.models import User

    User.objects.create_superuser("chief", "chief@example.com", "raised road")
"""

PERMISSIONS = """
    SELECT count(*), count(DISTINCT p.codename) FROM auth_permission p
    JOIN django_content_type c ON c.id = p.content_type_id WHERE c.app_label = 'wagtailcore' AND c.model = 'page'
"""


class Site:
    """A project of ``wagtail start``."""

    def __init__(self, project, models):
        self.project = project
        source = project.folder / "started"
        subprocess.run(
            [Path(sys.executable).with_name("wagtail"), "start", project.name],
            cwd=project.shared,
            check=True,
            capture_output=True,
        )
        (project.shared / project.name).rename(source)
        for app in (project.name, "home", "search"):
            (source / app).rename(project.folder / app)
        project.add_settings(SETTINGS.format(name=project.name, models=models))
        project.write("story.py", Path(__file__).with_name("story.py").read_text())

    def manage(self, *arguments):
        # Whatever the packages warn of is theirs.
        return self.project.python("-W", "ignore", "manage.py", *arguments)

    def lives(self, *scenes):
        """Play scenes of ``story``: calls, in one process."""
        setting = (
            "from django.test.utils import setup_test_environment; setup_test_environment(); import story"
        )
        calls = [f"story.{scene}" for scene in scenes]
        self.manage("shell", "--verbosity=0", "--command", "; ".join([setting, *calls]))

    def count(self, table, condition="1 = 1"):
        return self.project.rows(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0]


@pytest.fixture(scope="module", params=[ACCOUNTS, ["auth"]], ids="+".join)
def sites(request, tmp_path_factory):
    with ExitStack() as stack:
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(projects, "TIMEOUT", 1200)
        core = stack.enter_context(core_project_in(tmp_path_factory.mktemp("wagtail")))
        children = [stack.enter_context(child_project_of(core, name)) for name in ("daily", "weekly")]
        core.add_settings('PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]')
        core.migrate()
        core.shell(SUPERUSER)
        yield core, *(Site(child, request.param) for child in children)


def test_two_sites_and_their_accounts(sites):
    core, daily, weekly = sites
    before = core.schema()
    for site in (daily, weekly):
        site.manage("migrate")
        assert site.count("wagtailcore_grouppagepermission") > 0
        assert site.count("wagtailcore_grouppagepermission", "permission_id IS NULL") == 0
    assert core.schema() == before
    assert sorted(core.rows("SELECT name FROM auth_group")) == [("Editors",), ("Moderators",)]
    ((permissions, codenames),) = core.rows(PERMISSIONS)
    assert permissions == codenames > 4

    daily.lives("pages('chief')", "files('chief')", "search('chief')")
    daily.lives("groups('chief', 'Ferrymen', 'ada')", "workflow('ada', 'chief')", "tree('chief')")
    weekly.lives("stranger('ada')", "pages('chief')", "groups('chief', 'Lighthouse keepers', 'grace')")
    weekly.lives("workflow('grace', 'chief')", "tree('chief')")
    daily.lives("stranger('grace')")

    assert sorted(core.rows("SELECT username FROM auth_user")) == [("ada",), ("chief",), ("grace",)]
    for site in (daily, weekly):
        assert site.count("wagtailcore_workflowstate", "status = 'approved'") == 1
        site.manage("check", "--database", "default")
        site.manage("causeway", "orphans")
