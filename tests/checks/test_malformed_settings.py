"""No value of ``CAUSEWAY`` ends in a traceback; those that are wrong are said to be."""

import json

import pytest

# Each starts a project of its own, in a fork: a setting counts from the start.
SCRIPT = """
    import ast
    import json
    import os
    import sys

    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

    import django
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError, call_command
    from django.db import Error
    from django.utils.connection import ConnectionDoesNotExist

    SENTENCES = (CommandError, Error, ImproperlyConfigured, ConnectionDoesNotExist)


    def query():
        from articles.models import Article

        Article.objects.count()


    STEPS = {
        "check": lambda: call_command("check"),
        "check --database": lambda: call_command("check", databases=["default"]),
        "migrate": lambda: call_command("migrate", plan=True, skip_checks=False),
        "query": query,
    }


    def outcome(step):
        try:
            step()
        except SENTENCES as error:
            return ["sentence", str(error)]
        except BaseException as error:
            return ["traceback", repr(error)]
        return ["passed", ""]


    def try_value(value):
        sys.stdout = sys.stderr = open(os.devnull, "w")
        settings.CAUSEWAY = value
        try:
            django.setup()
        except BaseException as error:
            return {name: ["traceback", repr(error)] for name in STEPS}
        return {name: outcome(step) for name, step in STEPS.items()}


    outcomes = []
    for text in json.load(sys.stdin):
        reader, writer = os.pipe()
        if not os.fork():
            with open(writer, "w") as file:
                json.dump(try_value(ast.literal_eval(text)), file)
                file.flush()
                os._exit(0)
        os.close(writer)
        with open(reader) as file:
            outcomes.append(json.load(file))
        os.wait()
    print(json.dumps(outcomes))
"""

WRONG = [
    None,
    [],
    ["core"],
    "core",
    "",
    5,
    True,
    {"core": None},
    {"core": []},
    {"core": ["articles"]},
    {"core": "articles"},
    {"core": 5},
    {"core": {"MODELS": None}},
    {"core": {"MODELS": "articles"}},
    {"core": {"MODELS": 5}},
    {"core": {"MODELS": {"articles": "core"}}},
    {"core": {"MODELS": [None]}},
    {"core": {"MODELS": ["articles", 5]}},
    {"core": {"MODELS": [["articles"]]}},
    {"core": {"MODELS": [""]}},
    {"core": {"MODELS": ["."]}},
    {"core": {"MODELS": ["articles."]}},
    {"core": {"MODELS": [".Article"]}},
    {"core": {"MODELS": ["a.b.c"]}},
    {"core": {"MODELS": ["articles.models.Article"]}},
    {"core": {"MODELS": ["nowhere"]}},
    {"core": {"MODELS": ["articles"], "MODEL": []}},
    {"core": {"MODELS": ["articles"], 5: 6}},
    {"core": {"MODELS": ["articles"], None: 6, ("a", "b"): 7}},
    {"core": {"MODELS": ["articles"], "PLACEMENT": ["linked"]}},
    {"core": {"MODELS": ["articles"], "PLACEMENT": {}}},
    {"core": {"MODELS": ["articles"], "PLACEMENT": 5}},
    {"core": {"MODELS": ["articles"], "PLACEMENT": ""}},
    {"core": {"MODELS": ["articles"], "PLACEMENT": "Linked"}},
    {"core": {"MODELS": ["articles"], "PLACEMENT": "mirrored"}},
    {"core": {"MODELS": ["articles"], "MAX_STAGED_ROWS": "many"}},
    {"core": {"MODELS": ["articles"], "MAX_STAGED_ROWS": -1, "PLACEMENT": "staged"}},
    {"core": {"MODELS": ["articles"], "OWNER": "no"}},
    {"core": {"MODELS": ["articles"], "OWNER": None}},
    {"core": {"MODELS": ["articles"], "READ_ONLY": []}},
    {"nowhere": {"MODELS": ["articles"]}},
    {"core": {"MODELS": ["articles"]}, "nowhere": {}},
    {"core": {"MODELS": ["articles"]}, "nowhere": None},
    {"default": {"MODELS": ["articles"]}},
    {5: {"MODELS": ["articles"]}},
    {None: {"MODELS": ["articles"]}},
    {("core", "other"): {"MODELS": ["articles"]}},
    {"": {"MODELS": ["articles"]}},
    {"core": {"MODELS": ["articles"]}, 5: {}, None: {}},
]

RIGHT = [
    {},
    {"core": {"MODELS": ["articles"]}},
    {"core": {"MODELS": ("articles.Article", "articles.Author")}},
    {"core": {"MODELS": {"ARTICLES"}}},
    {"core": {"MODELS": ["articles"], "PLACEMENT": None, "SCHEMA": None}},
    {"core": {"MODELS": ["articles"], "PLACEMENT": "linked", "OWNER": False, "READ_ONLY": True}},
    {"core": {"MODELS": ["articles"], "OWNER": True}},
]


@pytest.fixture(scope="module")
def outcomes(module_projects):
    """What each value leads to, by its text: for each step a kind and a text."""
    core, child = module_projects
    core.migrate()
    child.migrate()
    child.write("try_values.py", SCRIPT)
    entry = core.databases.core_entry(core.database)
    right = [{alias: {**core, **entry} for alias, core in value.items()} for value in RIGHT]
    done = child.python("try_values.py", input=json.dumps(list(map(repr, [*WRONG, *right]))))
    return dict(zip(map(repr, [*WRONG, *RIGHT]), json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_a_wrong_value_gets_a_sentence(outcomes, value):
    found = outcomes[repr(value)]
    if isinstance(value, dict) and not all(isinstance(alias, str) for alias in value):
        # Django itself cannot ask a connection by such an alias.
        del found["query"]
    assert [step for step, (kind, _) in found.items() if kind == "traceback"] == [], found
    for step in ("check", "check --database", "migrate"):
        kind, text = found[step]
        assert kind == "sentence", step
        assert "(causeway.E0" in text
        # Each message of ours is followed by its hint.
        assert text.count("HINT: ") >= text.count("(causeway.")


@pytest.mark.parametrize("value", RIGHT, ids=repr)
def test_a_right_value_passes(outcomes, value):
    found = outcomes[repr(value)]
    passed = {
        step: kind for step, (kind, _) in found.items() if value or step not in {"makemigrations", "query"}
    }
    assert set(passed.values()) == {"passed"}, found
