"""Core rows that refer to content types: kept in core too, or each project's own."""

from pathlib import Path

SUITE = Path(__file__).with_name("suite.py").read_text()


def test_the_suite_passes(newsrooms):
    newsrooms.daily.write("comments/tests.py", SUITE)
    said = newsrooms.daily.manage("test", "--noinput", "comments").stderr
    assert f"Ran {SUITE.count('    def test_')} tests" in said
    assert "skipped" not in said


def test_each_connection_reads_the_ids_of_its_own_database(newsrooms):
    newsrooms.weekly.shell("""
        from django.contrib.contenttypes.models import ContentType
        Mark.objects.create(name="both", content_type=ContentType.objects.get_for_model(Comment))
    """)
    assert (
        newsrooms.daily.shell("""
        from django.contrib.auth.models import Permission
        from django.contrib.contenttypes.models import ContentType
        for alias in ("default", "core"):
            mark = Mark.objects.using(alias).select_related("content_type").get(name="both")
            print(mark.content_type, ContentType.objects.using(alias).get(pk=mark.content_type_id).natural_key())
            kind = ContentType.objects.db_manager(alias).get_by_natural_key("comments", "comment")
            print(Permission.objects.using(alias).filter(content_type=kind).count())
    """).splitlines()
        == ["Comments | comment ('comments', 'comment')", "4"] * 2
    )
