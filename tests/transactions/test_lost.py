"""Transactions that one side has lost after both had answered for them, as after a failover to a standby that lags."""

import json
from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections
from django.test import override_settings

import causeway
from causeway.transactions import branch_rows, decisions, installation, lost
from causeway.transactions.finished import Finished
from causeway.transactions.recovery import ACCEPTED, COMMITTED, FOREIGN, IN_DOUBT, LOST, ROLLED_BACK
from tests.library.models import Article
from tests.shop.models import Comment
from tests.transactions.cases import write_core, write_local
from tests.transactions.prepared import PreparedTestCase, recovered


def execute(alias, sql, params=()):
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, params)


class LostTestCase(PreparedTestCase):
    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(lost, "PAUSE", 0))

    def commit(self, name="core"):
        """A block over both, with a comment on the new article; returns the article and the transaction's name."""
        before = set(self.decisions())
        with causeway.atomic():
            article = write_core(name)
            Comment.objects.create(article=article, text=name)
        (gid,) = set(self.decisions()) - before
        return article, gid

    def lose_in_core(self, article, gid):
        """Core's server is another one, which has not got that far."""
        execute("core", "DELETE FROM library_article WHERE id = %s", [article.pk])
        execute("core", "DELETE FROM causeway_branch WHERE gid = %s", [gid])

    def lose_here(self, gid):
        execute("default", "DELETE FROM causeway_decision WHERE gid = %s", [gid])

    def outcomes(self, **options):
        return {found.gid: (found.home, found.outcome) for found in recovered(**options)}

    def rows(self):
        return branch_rows.beginning(connections["core"], installation.PREFIX)


class KeptTests(LostTestCase):
    def test_a_decision_is_kept_with_the_row_of_its_branch(self):
        _, gid = self.commit()
        assert self.rows() == [gid]
        assert recovered() == []
        assert self.decisions() == self.rows() == [gid]

    def test_both_go_after_a_while(self):
        """Those of workers that ended, by recovery."""
        self.commit()
        with override_settings(CAUSEWAY={**settings_of_project(), "DECISIONS_KEPT": 0}):
            assert recovered() == []
        assert self.decisions() == self.rows() == []

    def test_a_process_takes_its_own_along(self):
        with (
            override_settings(CAUSEWAY={**settings_of_project(), "DECISIONS_KEPT": 0}),
            patch("causeway.transactions.finished.AT_A_TIME", 2),
            patch.object(connection, "finished", Finished()),
        ):
            self.commit("first")
            self.commit("second")
            _, last = self.commit("third")
        assert self.decisions() == self.rows() == [last]

    def test_a_process_keeps_what_core_has_lost_since(self):
        """It knows that it was committed, on a server whose place another one has taken."""
        with (
            override_settings(CAUSEWAY={**settings_of_project(), "DECISIONS_KEPT": 0}),
            patch("causeway.transactions.finished.AT_A_TIME", 2),
            patch.object(connection, "finished", Finished()),
        ):
            article, gone = self.commit("first")
            self.lose_in_core(article, gone)
            self.commit("second")
            _, last = self.commit("third")
            assert self.decisions() == sorted([gone, last])
            assert self.rows() == [last]
            self.commit("fourth")
            assert gone in self.decisions()
        assert self.outcomes() == {gone: ("core", LOST)}

    def test_no_decision_goes_without_proof(self):
        """It is not prepared, and core does not say that it was committed."""
        article, gid = self.commit()
        self.lose_in_core(article, gid)
        with override_settings(CAUSEWAY={**settings_of_project(), "DECISIONS_KEPT": 0}):
            assert self.outcomes() == {gid: ("core", LOST)}
            assert self.decisions() == [gid]

    def test_what_is_committed_while_strays_are_looked_for_is_none(self):
        """It may have had its name for long."""
        databases = {alias: connections[alias] for alias in ("default", "core")}
        comparison = lost.Comparison(databases, [installation.prefix()], ["core"])
        reading = [branch_rows.beginning]

        def beginning(connection, start):
            if len(reading) == 1:
                reading.append(self.commit())
            return reading[0](connection, start)

        with (
            patch.object(branch_rows, "beginning", beginning),
            patch.object(decisions, "age", lambda gid: 1_000_000),
        ):
            comparison.forget_stray_rows()
        _, gid = reading[1]
        assert self.rows() == self.decisions() == [gid]

    def test_a_block_that_fails_leaves_neither(self):
        with pytest.raises(InterruptedError), causeway.atomic():
            write_core()
            write_local()
            raise InterruptedError
        assert self.decisions() == self.rows() == []

    def test_a_commit_that_is_refused_leaves_no_abort(self):
        """Core was prepared by then, and an abort kept the child's commit from being made late."""
        failing = patch.object(connection, "_commit", side_effect=OperationalError)
        with failing, pytest.raises(OperationalError), causeway.atomic():
            write_core()
            write_local()
        self.assert_rows()
        assert self.decisions() == self.rows() == []

    def test_a_core_without_the_table(self):
        """Nothing can be told from a loss there, and decisions are kept for a while all the same."""
        with without_table(branch_rows.BRANCHES):
            with causeway.atomic():
                write_core()
                write_local()
            assert recovered() == []
            assert len(self.decisions()) == 1
            with override_settings(CAUSEWAY={**settings_of_project(), "DECISIONS_KEPT": 0}):
                assert recovered() == []
            assert self.decisions() == []
        self.assert_rows(core=["core"], local=["local"])


class CoreHasLostTests(LostTestCase):
    def test_it_is_told(self):
        article, gid = self.commit()
        self.lose_in_core(article, gid)
        (found,) = recovered()
        assert (found.gid, found.home, found.outcome) == (gid, "core", LOST)
        assert found.created == {"library.Article": {"id": [article.pk], "slug": ["core"]}}
        # And again, until somebody says what is to become of it.
        assert self.outcomes() == {gid: ("core", LOST)}

    def test_what_is_prepared_is_not_lost(self):
        gid = self.prepare(has_row=True)
        self.decide(gid, branches={"core": {}})
        assert self.outcomes() == {gid: ("core", COMMITTED)}
        assert self.outcomes() == {}
        self.assert_author("renamed")

    def test_it_is_accepted(self):
        article, gid = self.commit()
        self.lose_in_core(article, gid)
        assert self.outcomes(accepted=[gid], dry_run=True) == {gid: ("core", ACCEPTED)}
        assert self.outcomes(accepted=[gid]) == {gid: ("core", ACCEPTED)}
        assert self.outcomes() == {}
        assert self.decisions() == []

    def test_what_was_undone_within_the_block_is_not_told(self):
        with causeway.atomic():
            article = write_core()
            with pytest.raises(InterruptedError), causeway.atomic():
                write_core("undone")
                raise InterruptedError
            write_local()
        (gid,) = self.decisions()
        self.lose_in_core(article, gid)
        (found,) = recovered()
        assert found.created == {"library.Article": {"id": [article.pk], "slug": ["core"]}}

    def test_it_is_looked_for_twice(self):
        """What a live transaction does between is no loss."""
        article, gid = self.commit()
        self.lose_in_core(article, gid)

        def commit_late(seconds):
            execute("core", *branch_rows.insertion(connections["core"], gid))

        with patch.object(lost.time, "sleep", commit_late):
            assert recovered() == []


class HereLostTests(LostTestCase):
    def test_it_is_told(self):
        """The child's server is another one, which has not got that far."""
        _, gid = self.commit()
        self.lose_here(gid)
        assert self.outcomes() == {gid: ("default", LOST)}
        assert self.outcomes(accepted=[gid]) == {gid: ("default", ACCEPTED)}
        assert self.outcomes() == {}
        assert self.rows() == []

    def test_what_is_not_decided_is_left_meanwhile(self):
        """Whoever has lost decisions, or is a copy without them, does not know what was not decided."""
        _, gone = self.commit()
        self.lose_here(gone)
        gid = self.prepare()
        assert self.outcomes() == {gid: ("core", IN_DOUBT), gone: ("default", LOST)}
        assert self.outcomes(accepted=[gone]) == {gid: ("core", IN_DOUBT), gone: ("default", ACCEPTED)}
        assert self.outcomes() == {gid: ("core", ROLLED_BACK)}


class CommandTests(LostTestCase):
    def said(self, *arguments, status=0):
        out, said = StringIO(), ""
        try:
            call_command("causeway", "recover", *arguments, stdout=out)
        except CommandError as error:
            said = str(error)
            assert error.returncode == status
        else:
            assert status == 0
        return "".join(line for line in out.getvalue().splitlines(True) if FOREIGN not in line), said

    def test_the_rows_behind_it_are_told(self):
        """Also those that refer to another row by now, which was given the same key."""
        article, gid = self.commit()
        comment = Comment.objects.get()
        self.lose_in_core(article, gid)
        Article.objects.create(pk=article.pk, title="another", slug="another", author_id=1)
        out, error = self.said(status=2)
        first, *created, behind = out.splitlines()
        assert first.startswith(f"core {gid} (")
        assert first.endswith("lost: 'core' has not what was committed with it")
        assert created == [f"  library.Article with id {article.pk}", "  library.Article with slug core"]
        assert behind == f"  shop.Comment.article refers to library.Article by {comment.pk}"
        assert "1 transaction is lost" in error
        assert "--accept" in error

    def test_json(self):
        article, gid = self.commit()
        self.lose_in_core(article, gid)
        out, _ = self.said("--format", "json", status=2)
        told = json.loads(out)
        assert (told["gid"], told["outcome"]) == (gid, "lost")
        assert [(each["relation"], each["number"]) for each in told["referring"]] == [
            ("shop.Comment.article", 1)
        ]

    def test_accept(self):
        article, gid = self.commit()
        self.lose_in_core(article, gid)
        _, error = self.said("--accept", "nonsense", status=1)
        assert "'nonsense'" in error
        out, _ = self.said("--accept", gid)
        assert out.splitlines()[0].endswith("s old): accepted as lost")
        assert self.said() == ("", "")


def settings_of_project():
    from django.conf import settings

    return settings.CAUSEWAY


class without_table:
    """Meanwhile, core has no such table."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.rename(self.name, f"{self.name}_kept")

    def __exit__(self, *exception):
        self.rename(f"{self.name}_kept", self.name)

    def rename(self, old, new):
        execute("core", f"ALTER TABLE {old} RENAME TO {new}")
        branch_rows.forget_what_stands()
