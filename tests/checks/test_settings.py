"""What the checks say of the settings, without asking a database."""

import pytest
from django.core.checks import Error, run_checks
from django.test import SimpleTestCase, override_settings

from causeway.conf import MAX_STAGED_ROWS, cores
from causeway.routers import CoreRouter

LIBRARY = {"MODELS": ["library"]}


class OtherRouter:
    """One of the project's own."""


class OwnRouter(CoreRouter):
    """The project's own, derived from ours."""


def messages(id=None, **settings):
    """The messages of ours, of one id or all, under these settings."""
    with override_settings(**settings):
        found = run_checks(tags=["causeway"])
    return [message for message in found if id in {None, message.id}]


class SettingsTests(SimpleTestCase):
    """A query of any database would fail these."""

    def assert_error(self, id, text, hint, **settings):
        found = messages(id, **settings)
        self.assertEqual([message.msg for message in found], [text])
        self.assertIsInstance(found[0], Error)
        self.assertEqual(found[0].hint, hint)

    def test_the_settings_of_these_tests_are_right(self):
        self.assertEqual([message for message in messages() if isinstance(message, Error)], [])

    def test_without_the_setting_there_is_nothing_to_say(self):
        self.assertEqual(messages(CAUSEWAY={}, DATABASE_ROUTERS=[]), [])

    def test_the_setting_is_no_dictionary(self):
        self.assert_error(
            "causeway.E001",
            "CAUSEWAY must be a dictionary of core databases by alias, not list.",
            "Write CAUSEWAY = {'core': {'MODELS': ['app_label']}}.",
            CAUSEWAY=["library"],
        )

    def test_an_entry_is_no_dictionary(self):
        self.assert_error(
            "causeway.E001",
            "CAUSEWAY['core'] must be a dictionary.",
            "Write {'MODELS': [...]}; the keys are MAX_STAGED_ROWS, MODELS, OWNER, PLACEMENT, PLAIN_ATOMIC, "
            "READ_ONLY, SCHEMA.",
            CAUSEWAY={"core": ["library"]},
        )

    def test_an_entry_has_an_unknown_key(self):
        self.assert_error(
            "causeway.E001",
            "CAUSEWAY['core'] has the unknown key 'MODEL'.",
            "The keys are MAX_STAGED_ROWS, MODELS, OWNER, PLACEMENT, PLAIN_ATOMIC, READ_ONLY, SCHEMA.",
            CAUSEWAY={"core": {**LIBRARY, "MODEL": ["library"]}},
        )

    def test_models_are_no_list_of_labels(self):
        for value in ("library", None, 5, {"library": 1}, [None], [5], [["library"]]):
            with self.subTest(value=value):
                self.assert_error(
                    "causeway.E001",
                    "CAUSEWAY['core']['MODELS'] must be a list of app labels and model labels.",
                    "Write for instance ['content', 'auth.User'].",
                    CAUSEWAY={"core": {"MODELS": value}},
                )

    def test_models_may_be_any_collection_of_labels(self):
        for value in (["library"], ("library",), {"library"}, frozenset({"library"})):
            with self.subTest(value=value):
                self.assertEqual(messages("causeway.E001", CAUSEWAY={"core": {"MODELS": value}}), [])

    def test_a_flag_is_neither_true_nor_false(self):
        for key in ("OWNER", "READ_ONLY"):
            for value in ("yes", 1, None):
                with self.subTest(key=key, value=value):
                    (found,) = messages("causeway.E001", CAUSEWAY={"core": {**LIBRARY, key: value}})
                    self.assertEqual(found.msg, f"CAUSEWAY['core'][{key!r}] must be True or False.")
                    self.assertTrue(found.hint)

    def test_a_number_of_rows_is_none(self):
        for value in (-1, "many", None, 1.5, True):
            with self.subTest(value=value):
                self.assert_error(
                    "causeway.E001",
                    "CAUSEWAY['core']['MAX_STAGED_ROWS'] must be an integer of at least 0.",
                    "Leave it out for 200000.",
                    CAUSEWAY={"core": {**LIBRARY, "MAX_STAGED_ROWS": value}},
                )
                # What cannot be one is not taken for one.
                with override_settings(CAUSEWAY={"core": {**LIBRARY, "MAX_STAGED_ROWS": value}}):
                    self.assertEqual(cores()["core"].max_staged_rows, MAX_STAGED_ROWS)

    def test_any_number_of_rows_may_be_staged(self):
        for value in (0, 1, 10**9):
            with self.subTest(value=value):
                found = messages("causeway.E001", CAUSEWAY={"core": {**LIBRARY, "MAX_STAGED_ROWS": value}})
                self.assertEqual(found, [])

    def test_an_alias_is_no_database(self):
        self.assert_error(
            "causeway.E002",
            "CAUSEWAY names the core database 'nowhere', which DATABASES does not have.",
            "Add DATABASES['nowhere'] = causeway.sibling(DATABASES['default'], NAME=...).",
            CAUSEWAY={"core": LIBRARY, "nowhere": {}},
        )

    def test_the_childs_own_database_is_no_core_database(self):
        self.assert_error(
            "causeway.E002",
            "'default' cannot be the alias of a core database.",
            "'default' is the project's own database; 'main' and 'temp' are SQLite's own names.",
            CAUSEWAY={"core": LIBRARY, "default": {}},
        )

    def test_a_label_names_nothing(self):
        for label in (
            "libary",
            "library.Artcle",
            "library.",
            ".Article",
            "",
            "a.b.c",
            "library.Article.title",
        ):
            with self.subTest(label=label):
                self.assert_error(
                    "causeway.E003",
                    f"CAUSEWAY['core']['MODELS'] names {label!r}, which is no installed app and no model.",
                    "Use an app label ('content') or a model label ('auth.User') of INSTALLED_APPS.",
                    CAUSEWAY={"core": {"MODELS": [label, "library"]}},
                )

    def test_labels_are_found_in_any_case(self):
        for label in ("library.Article", "library.article", "LIBRARY"):
            with self.subTest(label=label):
                self.assertEqual(messages("causeway.E003", CAUSEWAY={"core": {"MODELS": [label]}}), [])

    def test_one_model_is_claimed_twice(self):
        found = messages(
            "causeway.E004", CAUSEWAY={"core": LIBRARY, "other": {"MODELS": ["library.Article", "auth"]}}
        )
        self.assertEqual(
            [message.msg for message in found],
            ["library.Article is claimed by 2 core databases: 'core', 'other'."],
        )
        self.assertEqual(found[0].hint, "A model has one home: name it under one alias of CAUSEWAY only.")
        self.assertEqual(found[0].obj._meta.label, "library.Article")

    def test_an_app_is_claimed_twice(self):
        found = messages("causeway.E004", CAUSEWAY={"core": LIBRARY, "other": LIBRARY})
        self.assertIn("library.Article", {message.obj._meta.label for message in found})
        self.assertIn("library.Author", {message.obj._meta.label for message in found})

    def test_the_router_is_missing(self):
        for routers in ([], ["tests.checks.test_settings.OtherRouter"]):
            with self.subTest(routers=routers):
                self.assert_error(
                    "causeway.E005",
                    "DATABASE_ROUTERS lacks 'causeway.routers.CoreRouter', so core tables are not kept apart.",
                    "Put it first: DATABASE_ROUTERS = ['causeway.routers.CoreRouter'].",
                    DATABASE_ROUTERS=routers,
                )

    def test_a_router_of_ours_is_recognized(self):
        for routers in (
            ["tests.checks.test_settings.OtherRouter", "causeway.routers.CoreRouter"],
            ["tests.checks.test_settings.OwnRouter"],
            [CoreRouter()],
        ):
            with self.subTest(routers=routers):
                self.assertEqual(messages("causeway.E005", DATABASE_ROUTERS=routers), [])

    def test_a_placement_is_unknown(self):
        for value in ("joined", "LINKED", "", 5, ["linked"], {}):
            with self.subTest(value=value):
                (found,) = messages("causeway.E008", CAUSEWAY={"core": {**LIBRARY, "PLACEMENT": value}})
                self.assertIn("CAUSEWAY['core']['PLACEMENT'] is ", found.msg)
                self.assertEqual(found.hint, "It is one of 'linked', 'staged', 'mirrored'.")

    def test_a_placement_is_not_there_yet(self):
        self.assert_error(
            "causeway.E008",
            "CAUSEWAY['core']['PLACEMENT'] is 'mirrored', which this version does not have yet.",
            "This version has 'linked', 'staged'.",
            CAUSEWAY={"core": {**LIBRARY, "PLACEMENT": "mirrored"}},
        )

    def test_a_manager_leaves_open_which_core_database_it_means(self):
        found = messages("causeway.E010", CAUSEWAY={"core": LIBRARY, "other": {}})
        texts = {message.msg: message for message in found}
        message = texts["The CoreManager 'contents' of shop.Content names no core database."]
        self.assertEqual(message.hint, "It must name one of CAUSEWAY: write CoreManager(using='core').")
        self.assertEqual(message.obj._meta.label, "shop.Content")

    def test_a_core_model_refers_to_a_local_model(self):
        # Its foreign key to a content type is mapped.
        found = messages("causeway.W001", CAUSEWAY={"core": {"MODELS": ["library", "admin.LogEntry"]}})
        texts = {message.msg: message for message in found if "admin.LogEntry" in message.msg}
        (text,) = texts
        message = texts[text]
        self.assertEqual(
            text,
            "The core model admin.LogEntry refers by 'user' to the local model auth.User: "
            "core cannot know the rows of each child.",
        )
        self.assertEqual(message.hint, "Turn the relation round, or make the target a core model too.")
        self.assertNotIsInstance(message, Error)

    def test_a_many_to_many_field_to_a_local_model_is_warned_of_too(self):
        found = messages("causeway.W001", CAUSEWAY={"core": {"MODELS": ["library", "auth.Group"]}})
        self.assertTrue(any("auth.Group refers by 'permissions'" in message.msg for message in found))

    def test_every_problem_is_reported_at_once(self):
        found = messages(
            CAUSEWAY={
                "core": {"MODELS": ["library", "nothing"], "PLACEMENT": "joined", "OWNER": "yes"},
                "other": {"MODELS": ["library.Article"], "NAME": "other"},
                "third": None,
            },
            DATABASE_ROUTERS=[],
        )
        ids = {message.id for message in found}
        expected = {f"causeway.E00{number}" for number in (1, 2, 3, 4, 5, 8)}
        self.assertLessEqual(expected | {"causeway.E010"}, ids)
        self.assertEqual([message for message in found if not message.hint], [])


@pytest.mark.parametrize("arguments", [[], ["--tag", "causeway"], ["--tag", "models"]], ids=str)
def test_checks_can_be_chosen_by_tag(child_project, arguments):
    child_project.add_settings("CAUSEWAY['core']['MODELS'] += ['nothing']; CAUSEWAY['core']['OWNER'] = 1")
    chosen = arguments != ["--tag", "models"]
    done = child_project.manage("check", *arguments, status=int(chosen))
    assert ("causeway.E003" in done.stderr) == chosen
