"""Groups and permissions are the same in every project."""

import pytest

from tests.accounts.newsrooms import builtin

HERE = """
    from django.contrib.auth.models import Group, Permission, User
    from django.contrib.contenttypes.models import ContentType
    from django.test import Client
    from django.test.utils import setup_test_environment
"""


@pytest.fixture(autouse=True)
def accounts(newsrooms):
    """Ada, who is in the group of editors, which has no permission; Ben, who is in none."""
    newsrooms.core.shell(
        HERE
        + """
    Group.objects.all().delete()
    for name in ("ada", "ben", "cy"):
        user, _ = User.objects.update_or_create(username=name, defaults={"is_superuser": False})
        user.user_permissions.clear()
    User.objects.get(username="ada").groups.add(Group.objects.create(name="editors"))
    """
    )


def test_each_is_made_once_for_all_projects(newsrooms):
    assert newsrooms.content_types("comments") == ["comment", "label", "sign"]
    assert newsrooms.content_types("letters") == ["letter"]
    assert newsrooms.permissions("comments") == builtin("comment", "label", "sign")
    assert newsrooms.permissions("letters") == sorted([*builtin("letter"), "print_letter"])
    assert newsrooms.permissions("articles") == builtin("article", "author")
    before = newsrooms.core.dump()
    for child in newsrooms.children:
        child.manage("migrate")
    assert newsrooms.core.dump() == before


def test_what_is_granted_in_one_project_holds_in_all(newsrooms):
    daily, weekly = newsrooms.children
    daily.shell(
        HERE
        + """
    permission = Permission.objects.get(codename="change_comment", content_type__app_label="comments")
    assert permission.content_type == ContentType.objects.get_for_model(Comment)
    Group.objects.get().permissions.add(permission)
    user = User.objects.get(username="ben")
    kind = ContentType.objects.get_for_model(Comment)
    user.user_permissions.add(Permission.objects.get(codename="delete_comment", content_type=kind))
    """
    )
    asked = """
    def has(name, permission):
        return User.objects.get(username=name).has_perm(permission)

    print(has("ada", "comments.change_comment"), has("ada", "comments.delete_comment"))
    print(has("ben", "comments.change_comment"), has("ben", "comments.delete_comment"))
    print(has("cy", "comments.change_comment"), User.objects.get(username="ada").has_module_perms("comments"))
    """
    expected = ["True False", "False True", "False True"]
    for project in (daily, weekly, newsrooms.core):
        assert project.shell(HERE + asked).splitlines() == expected


def test_the_users_with_a_permission(newsrooms):
    for child in newsrooms.children:
        found = child.shell(
            HERE
            + """
    kind = ContentType.objects.get_for_model(Comment)
    permission = Permission.objects.get(codename="view_comment", content_type=kind)
    Group.objects.get().permissions.add(permission)
    print(*User.objects.with_perm("comments.view_comment", include_superusers=False))
    print(*User.objects.with_perm(permission, include_superusers=False))
    print(*Group.objects.filter(permissions__content_type=kind).values_list("name", flat=True))
    print(sorted(User.objects.get(username="ada").get_all_permissions()))
    """
        )
        assert found.splitlines() == ["ada", "ada", "editors", "['comments.view_comment']"]


def test_a_permission_for_a_model_that_only_one_project_has(newsrooms):
    daily, weekly = newsrooms.children
    weekly.shell(
        HERE + '    Group.objects.get().permissions.add(Permission.objects.get(codename="print_letter"))'
    )
    asked = """
    ada, ben = User.objects.filter(username__in=["ada", "ben"]).order_by("username")
    print(ada.has_perm("letters.print_letter"), ben.has_perm("letters.print_letter"))
    """
    assert weekly.shell(HERE + asked) == "True False"
    # Nothing else is taken for it, whatever ids it and its content type have.
    assert daily.shell(
        HERE + '    print(sorted(User.objects.get(username="ada").get_all_permissions()))'
    ) in {"[]", "['letters.print_letter']"}


def test_the_group_form_of_one_project_keeps_what_another_granted(newsrooms):
    daily, weekly = newsrooms.children
    weekly.shell(
        HERE + '    Group.objects.get().permissions.add(Permission.objects.get(codename="print_letter"))'
    )
    daily.shell(
        HERE
        + """
    setup_test_environment()
    client = Client()
    client.force_login(User.objects.create_superuser("group-form"))
    url = f"/admin/auth/group/{Group.objects.get().pk}/change/"
    form = client.get(url).context["adminform"].form
    kind = ContentType.objects.get_for_model(Comment)
    chosen = {permission.pk for permission in form.initial["permissions"]}
    chosen.add(Permission.objects.get(codename="add_comment", content_type=kind).pk)
    assert chosen <= {pk for pk, _ in form.fields["permissions"].choices}
    done = client.post(url, {"name": "editors", "permissions": sorted(chosen)})
    assert done.status_code == 302
    """
    )
    assert (
        weekly.shell(HERE + '    print(sorted(User.objects.get(username="ada").get_all_permissions()))')
        == "['comments.add_comment', 'letters.print_letter']"
    )


def test_a_permission_made_by_hand(newsrooms):
    daily, weekly = newsrooms.children
    daily.shell(
        HERE
        + """
    kind = ContentType.objects.get_for_model(Comment)
    permission = Permission.objects.create(codename="publish", name="Can publish", content_type=kind)
    assert Permission.objects.get(pk=permission.pk).content_type == kind
    Group.objects.get().permissions.add(permission)
    """
    )
    asked = '    print(User.objects.get(username="ada").has_perm("comments.publish"))'
    assert weekly.shell(HERE + asked) == "True"
    assert newsrooms.permissions("comments") == sorted([*builtin("comment", "label", "sign"), "publish"])
    weekly.shell(
        HERE
        + """
    kind = ContentType.objects.get_for_model(Comment)
    assert Permission.objects.filter(content_type=kind, codename="publish").update(name="May publish") == 1
    assert Permission.objects.filter(content_type=kind, codename="publish").delete()[0] == 2
    """
    )
    assert newsrooms.permissions("comments") == builtin("comment", "label", "sign")
