"""One account for every project, and a session in each."""

CLIENT = """
    from django.test import Client

    def login(username, password):
        client = Client()
        client.post("/admin/login/?next=/admin/", {"username": username, "password": password})
        return client.get("/admin/").status_code
"""


def test_an_account_logs_in_on_every_child(newsrooms):
    newsrooms.core.shell("""
        from django.contrib.auth.models import User
        User.objects.create_superuser("ada", password="secret")
    """)
    for child in newsrooms.children:
        assert child.shell(CLIENT + '    print(login("ada", "secret"), login("ada", "wrong"))') == "200 302"
        assert child.rows("SELECT count(*) FROM django_session") == [(1,)]
    assert "django_session" not in newsrooms.core.schema()
    assert newsrooms.count("auth_user", "username = 'ada' AND last_login IS NOT NULL") == 1


def test_a_child_makes_accounts_and_changes_passwords(newsrooms):
    newsrooms.daily.manage("createsuperuser", "--noinput", "--username=root", "--email=root@example.com")
    newsrooms.weekly.shell("""
        from django.contrib.auth.models import User
        user = User.objects.get(username="root")
        user.set_password("secret")
        user.save()
    """)
    check = """
        from django.contrib.auth import authenticate
        print(authenticate(username="root", password="secret"), authenticate(username="root", password="new"))
    """
    assert newsrooms.daily.shell(check) == "root None"
    change = """
        import getpass
        from django.core.management import call_command
        getpass.getpass = lambda prompt: "a new and better one"
        call_command("changepassword", "root", verbosity=0)
    """
    newsrooms.daily.shell(change)
    assert newsrooms.weekly.shell(check) == "None None"
    assert newsrooms.weekly.shell(check.replace('"new"', '"a new and better one"')) == "None root"
    assert newsrooms.count("auth_user", "username = 'root'") == 1
    assert all("auth_user" not in child.schema() for child in newsrooms.children)


def test_what_the_admin_logs_is_local(newsrooms):
    newsrooms.daily.shell("""
        from django.contrib.admin.models import LogEntry
        from django.contrib.auth.models import User
        from django.test import Client
        client = Client()
        client.force_login(User.objects.create_superuser("log", password="secret"))
        article = Article.objects.create(title="Dams", slug="dams-logged")
        done = client.post("/admin/comments/comment/add/", {"article": article.pk, "text": "Deep"})
        assert done.status_code == 302
        entry = LogEntry.objects.select_related("user", "content_type").get()
        assert entry.user.username == "log"
        assert entry.content_type.model == "comment"
        assert entry.get_edited_object().text == "Deep"
        assert User.objects.filter(logentry__content_type__model="comment").get().username == "log"
    """)
    assert newsrooms.daily.rows("SELECT count(*) FROM django_admin_log") == [(1,)]
    assert newsrooms.weekly.rows("SELECT count(*) FROM django_admin_log") == [(0,)]
