"""What editors do with a site made by ``wagtail start``; copied into it, and called in its shell.

Forms are filled in as a browser does: what the page shows is sent back, but for what is changed.
"""

from io import BytesIO

from bs4 import BeautifulSoup
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from home.models import HomePage
from PIL import Image as Picture
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import (
    GroupPagePermission,
    ModelLogEntry,
    Page,
    PageLogEntry,
    Revision,
    Workflow,
    WorkflowState,
)

PASSWORD = "raised road"


def login(name):
    client = Client()
    page = submit(client, "/admin/login/", username=name, password=PASSWORD)
    assert "_auth_user_id" in client.session, page.content.decode()[-2000:]
    return client


def submit(client, url, status=302, **changes):
    """Send a page's form back with changes; a value None is left out."""
    shown = client.get(url)
    assert shown.status_code == 200, (url, shown.status_code)
    fields = {**shown_fields(BeautifulSoup(shown.content, "html.parser")), **changes}
    answer = client.post(url, {name: value for name, value in fields.items() if value is not None})
    assert answer.status_code == status, (url, answer.status_code, errors(answer))
    return answer


def shown_fields(soup):
    """The values of the largest form of a page."""
    form = max(soup.find_all("form"), key=lambda form: len(form.find_all(["input", "select", "textarea"])))
    found = {}
    for field in form.find_all(["input", "select", "textarea"]):
        name = field.get("name")
        if not name or field.get("type") in {"submit", "file", "button"}:
            continue
        if field.get("type") in {"checkbox", "radio"}:
            if field.has_attr("checked"):
                found.setdefault(name, []).append(field.get("value", "on"))
        elif field.name == "select":
            found[name] = [option.get("value", "") for option in field.find_all("option", selected=True)]
        else:
            found[name] = field.text.strip() if field.name == "textarea" else field.get("value", "")
    return found


def errors(answer):
    soup = BeautifulSoup(answer.content, "html.parser")
    return [found.get_text(" ", strip=True) for found in soup.select(".error-message, .errorlist, .messages")]


def url(name, *arguments):
    return reverse(name, args=arguments)


def content_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def add_page(client, title, **changes):
    root = HomePage.objects.get(slug="home")
    slug = title.lower().replace(" ", "-")
    submit(
        client, url("wagtailadmin_pages:add", "home", "homepage", root.pk), title=title, slug=slug, **changes
    )
    return HomePage.objects.get(slug=slug)


def pages(name):
    """Draft, publish, look into the history, go back to a revision."""
    client = login(name)
    page = add_page(client, "Mind the gap")
    assert not page.live and page.owner.username == name
    assert Client().get("/mind-the-gap/").status_code == 404
    edit = url("wagtailadmin_pages:edit", page.pk)
    submit(client, edit, title="Mind the tide", **{"action-publish": "action-publish"})
    assert Client().get("/mind-the-gap/").status_code == 200
    submit(client, edit, title="Mind the ferry", **{"action-publish": "action-publish"})
    first = Revision.objects.for_instance(page).order_by("pk").first()
    assert first.user.username == name
    history = content_of(client, url("wagtailadmin_pages:history", page.pk))
    assert history.count(name) >= 3, history
    actions = PageLogEntry.objects.filter(page=page.pk, user__username=name)
    assert {"wagtail.create", "wagtail.publish"} <= set(actions.values_list("action", flat=True))
    revert = url("wagtailadmin_pages:revisions_revert", page.pk, first.pk)
    shown = shown_fields(BeautifulSoup(client.get(revert).content, "html.parser"))
    answer = client.post(edit, {**shown, "revision": first.pk, "action-publish": "action-publish"})
    assert answer.status_code == 302, errors(answer)
    page.refresh_from_db()
    assert (page.title, page.live) == ("Mind the gap", True)
    assert "Mind the gap" in content_of(
        client, url("wagtailadmin_pages:revisions_compare", page.pk, "earliest", "latest")
    )


def files(name):
    """An image and a document, each with who uploaded it."""
    client = login(name)
    data = BytesIO()
    Picture.new("RGB", (40, 30), "teal").save(data, "PNG")
    file = SimpleUploadedFile("tide.png", data.getvalue(), "image/png")
    submit(client, url("wagtailimages:add"), title="The tide", file=file)
    image = get_image_model().objects.get(title="The tide")
    assert (image.uploaded_by_user.username, image.width) == (name, 40)
    assert image.get_rendition("width-20").width == 20
    file = SimpleUploadedFile("times.txt", b"06:12 18:40", "text/plain")
    submit(client, url("wagtaildocs:add"), title="Tide times", file=file)
    document = get_document_model().objects.get(title="Tide times")
    assert document.uploaded_by_user.username == name
    assert b"".join(client.get(document.url).streaming_content) == b"06:12 18:40"
    assert "The tide" in content_of(client, url("wagtailimages:index"))
    logged = ModelLogEntry.objects.filter(user__username=name).values_list("content_type__model", flat=True)
    assert {"image", "document"} <= set(logged), list(logged)


def search(name):
    client = login(name)
    assert "Mind the gap" in content_of(client, url("wagtailadmin_pages:search") + "?q=gap")
    assert "Tide times" in content_of(client, url("wagtaildocs:index") + "?q=times")
    assert "Mind the gap" in content_of(Client(), url("search") + "?query=gap")
    assert get_user_model().objects.filter(owned_pages__title="Mind the gap").get().username == name


def groups(name, group, member):
    """A group with rights on pages of this site, and an account in it, both made by Wagtail's own views."""
    client = login(name)
    root = Page.objects.get(slug="home")
    access = Permission.objects.get(codename="access_admin", content_type__app_label="wagtailadmin")
    rights = {"page_permissions-TOTAL_FORMS": "1", "page_permissions-0-page": root.pk}
    rights["page_permissions-0-permissions"] = ["add_page", "change_page"]
    submit(client, url("wagtailusers_groups:add"), name=group, permissions=[access.pk], **rights)
    found = Group.objects.get(name=group)
    assert GroupPagePermission.objects.filter(group=found).count() == 2
    submit(
        client,
        url("wagtailusers_users:add"),
        username=member,
        email=f"{member}@example.com",
        first_name="Ada",
        last_name="L",
        password1=PASSWORD,
        password2=PASSWORD,
        groups=[found.pk],
        is_active="on",
    )
    account = get_user_model().objects.get(username=member)
    assert account.groups.get() == found
    assert member in content_of(client, url("wagtailusers_users:index") + "?q=" + member)


def workflow(member, name):
    """One who may not publish submits, another approves."""
    flow = Workflow.objects.get(name="Moderators approval")
    assert flow.all_pages().filter(slug="home").exists()
    client = login(member)
    page = add_page(client, "Pilgrims")
    edit = url("wagtailadmin_pages:edit", page.pk)
    assert "action-publish" not in content_of(client, edit)
    submit(client, edit, title="Pilgrims' Way", **{"action-submit": "action-submit"})
    state = WorkflowState.objects.get()
    assert (state.requested_by.username, state.content_object.pk) == (member, page.pk)
    chief = login(name)
    assert "Pilgrims" in content_of(chief, url("wagtailadmin_home"))
    answer = chief.post(
        url("wagtailadmin_pages:workflow_action", page.pk, "approve", state.current_task_state.pk),
        {"comment": "Yes."},
    )
    assert answer.status_code == 302, errors(answer)
    page.refresh_from_db()
    state.refresh_from_db()
    assert page.live and state.status == "approved"
    assert "Pilgrims" in content_of(chief, url("wagtailadmin_pages:workflow_history", page.pk))


def tree(name):
    """Copy, move and delete."""
    client = login(name)
    page = HomePage.objects.get(slug="mind-the-gap")
    root = HomePage.objects.get(slug="home")
    submit(
        client,
        url("wagtailadmin_pages:copy", page.pk),
        new_title="A copy",
        new_slug="a-copy",
        new_parent_page=root.pk,
        publish_copies="on",
        copy_subpages=None,
        alias=None,
    )
    copied = HomePage.objects.get(slug="a-copy")
    assert copied.get_parent().pk == root.pk and copied.owner.username == name
    assert client.post(url("wagtailadmin_pages:move_confirm", copied.pk, page.pk)).status_code == 302
    copied.refresh_from_db()
    assert copied.get_parent().pk == page.pk and copied.url_path == "/home/mind-the-gap/a-copy/"
    assert Client().get("/mind-the-gap/a-copy/").status_code == 200
    assert client.post(url("wagtailadmin_pages:delete", page.pk)).status_code == 302
    assert not HomePage.objects.filter(slug__in=["mind-the-gap", "a-copy"]).exists()
    logged = PageLogEntry.objects.filter(action="wagtail.delete", user__username=name)
    assert page.pk in logged.values_list("page_id", flat=True)


def stranger(member):
    """An account of another site is known here, and has no rights on the pages of this one."""
    client = login(member)
    home = Page.objects.get(slug="home")
    answer = client.get(url("wagtailadmin_pages:edit", home.pk))
    assert answer.status_code == 302 and answer["Location"] == url("wagtailadmin_home"), answer
    assert not GroupPagePermission.objects.filter(group__user__username=member).exists()
