"""MySQL lists what is prepared only to who has a right of its own."""

import pytest

from tests import databases
from tests.checks.test_rights import User

pytestmark = [
    pytest.mark.mysql,
    pytest.mark.linked("both databases are on one server, which has one kind of users"),
]

BLOCK = """
    import causeway
    from articles.models import Author
    from comments.models import Comment

    with causeway.atomic():
        author = Author.objects.create(name="Ada")
    print(Author.objects.count())
"""


@pytest.fixture
def user(migrated_projects):
    core, child = migrated_projects
    user = User(core, child)
    user.on(core, "ALL")
    child.add_settings(child.databases.lines_for_staged_core(core.database))
    # Those that it has from when core was linked.
    child.manage("causeway", "constraints", "--fix")
    child.add_settings(
        f"for entry in DATABASES.values(): entry.update(USER={user.name!r}, PASSWORD='secret')"
    )
    yield user
    user.drop()


def test_a_user_without_it_is_told_and_given_the_statement(user):
    if databases.product() == "mariadb":
        assert "causeway.W006" not in user.check(status=0, databases=["default", "core"])
        return
    said = user.check(status=0, databases=["default", "core"])
    assert "(causeway.W006) What is prepared on the core database 'core' cannot be told" in said
    grant = next(line for line in said.splitlines() if "XA_RECOVER_ADMIN" in line)
    refused = user.child.manage("causeway", "recover", status=1).stderr
    assert refused.startswith(
        "CommandError: Cannot recover: Cannot list what is prepared on 'core': MySQL shows it"
    )
    assert "Traceback" not in refused
    user.server.on_server(f"GRANT {grant.partition('GRANT ')[2].strip()}")
    assert "causeway.W006" not in user.check(status=0, databases=["default", "core"])
    user.child.manage("causeway", "recover")


def test_blocks_over_both_databases_need_it_not(user):
    assert user.child.shell(BLOCK).strip() == "1"
