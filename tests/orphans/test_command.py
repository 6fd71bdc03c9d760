"""``manage.py causeway orphans``: what it is told and what it says."""

from io import StringIO
from unittest.mock import patch

import pytest

from tests.orphans.cases import OrphansTestCase, lose

GENERIC = """
    from django.contrib.contenttypes.fields import GenericForeignKey
    from django.contrib.contenttypes.models import ContentType
    from django.db import models


    class Mark(models.Model):
        content_type = models.ForeignKey(ContentType, models.CASCADE)
        object_id = models.CharField(max_length=40)
        target = GenericForeignKey()
"""


class Terminal(StringIO):
    def isatty(self):
        return True


class CommandTests(OrphansTestCase):
    def test_a_sentence_where_there_are_none(self):
        written, error = self.run_command()
        self.assertRegex(written, r"^There are no orphans \(\d+ relations to core models\)\.\n$")
        self.assertIsNone(error)
        self.assertEqual(self.run_command(verbosity=0), ("", None))

    def test_a_line_for_each_relation_that_has_some(self):
        lose(self.articles["Piers"])
        written, error = self.run_command()
        key = self.articles["Piers"].pk
        self.assertEqual(
            written.splitlines(),
            [
                f"shop.Comment.article (CASCADE): 1 orphan of library.Article, which lacks {key}",
                f"shop.Shelf.articles (CASCADE): 1 orphan of library.Article, which lacks {key}",
            ],
        )
        self.assertEqual(str(error), "There are rows whose core row is gone: 2 orphans by 2 relations.")
        self.assertEqual(error.returncode, 1)

    def test_verbosity_2_names_every_relation(self):
        written, _ = self.run_command(verbosity=2)
        self.assertIn("orm.LocalProtect.anchor (PROTECT): 0 orphans of orm.Anchor\n", written)

    def test_relations_may_be_named(self):
        lose(self.articles["Piers"])
        written, error = self.run_command("--relation=shop.Shelf.articles", "--relation=shop.Pin.article")
        self.assertEqual(len(written.splitlines()), 1)
        self.assertIn("1 orphan by 1 relation", str(error))

    def test_names_of_nothing_are_refused(self):
        _, error = self.run_command("--relation", "shop.Comment.text")
        self.assertIn(
            "Cannot look for orphans of 'shop.Comment.text': it names no relation of local rows to core rows. "
            "There are '",
            str(error),
        )
        _, error = self.run_command("--database", "default")
        self.assertEqual(
            str(error),
            "Cannot look for orphans of 'default', which is no core database. CAUSEWAY has 'core'.",
        )

    def test_the_core_database_may_be_named(self):
        lose(self.articles["Piers"])
        self.assertIn("2 orphans", str(self.run_command("--database", "core")[1]))

    def written_on_a_terminal(self):
        lose(self.articles["Bridges"])
        with patch("tests.orphans.cases.StringIO", Terminal):
            self.run_command("--fix", "--relation", "shop.Comment.article", no_color=True)
        return self.stderr.getvalue()

    def test_a_bar_on_a_terminal(self):
        pytest.importorskip("tqdm")
        self.assertRegex(self.written_on_a_terminal(), r"shop\.Comment\.article: 100%.*3/3")

    def test_lines_where_no_bar_is_installed(self):
        with patch.dict("sys.modules", tqdm=None):
            self.assertEqual(self.written_on_a_terminal(), "shop.Comment.article: 3 of 3 rows\n")

    def test_stopped_while_it_looks(self):
        with patch("causeway.orphans.relations.Relation.counted", side_effect=KeyboardInterrupt):
            _, error = self.run_command("--fix")
        self.assertEqual(error.returncode, 130)
        self.assertIn("Stopped: 0 of 0 orphans", str(error))


def test_in_a_process_of_its_own_with_generic_keys_of_text(core_project, child_project):
    child_project.write_app("marks", GENERIC)
    child_project.add_settings("INSTALLED_APPS.append('marks')")
    core_project.migrate()
    child_project.migrate()
    child_project.shell("""
        article = Article.objects.create(title="Dams", slug="dams")
        for key in (article.pk, f"0{article.pk}", "999", "no number"):
            content_type = ContentType.objects.get_for_model(Article)
            Mark.objects.create(content_type=content_type, object_id=key)
    """)
    done = child_project.manage("causeway", "orphans", "--fix", status=1)
    assert (
        "marks.Mark.target (DO_NOTHING): 2 orphans of articles.Article, which lacks 999, no number"
        in done.stdout
    )
    assert done.stderr == "CommandError: There are rows whose core row is gone: 2 orphans by 1 relation.\n"


@pytest.mark.mysql
@pytest.mark.postgresql
def test_core_is_away(child_project):
    child_project.add_settings("for entry in DATABASES.values(): entry.update(HOST='127.0.0.1', PORT=1)")
    done = child_project.manage("causeway", "orphans", status=1)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("CommandError: Cannot go on looking for orphans: ")
