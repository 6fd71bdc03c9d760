"""Names in statements: those of others, quoted, and our own."""

import pytest

from causeway.backends.postgresql.search_path import first_in, search_paths, with_search_path
from causeway.names import cut, own_name, quoted, with_parameters


class Ops:
    def quote_name(self, name):
        return f'"{name}"'


def test_names_of_others_are_quoted_whatever_they_have():
    assert quoted(Ops(), 'a"; DROP TABLE "b') == '"a""; DROP TABLE ""b"'
    assert quoted(Ops(), '"a"') == '"""a"""'
    assert with_parameters('"a%s%%"') == '"a%%s%%%%"'


@pytest.mark.parametrize(
    "name", ["core", "core.content_article", "my core", "Kärnan", "漢", "a-b", "core.t_1"]
)
def test_own_names_are_as_they_are_told_where_they_need_no_care(name):
    assert own_name(name, 63) == name


@pytest.mark.parametrize(
    "name",
    [
        *(
            'a"b',
            "a`b",
            "a'b",
            "a%b",
            "a%sb",
            "a\\b",
            "a$b",
            "a;b",
            "a\0b",
            "a/*b",
            " a",
            "a ",
            "",
            "😀",
            "\ud800",
        )
    ],
)
def test_own_names_have_nothing_that_means_something(name):
    told = own_name(name, 63)
    assert own_name(told, 63) == told
    assert told.replace("_", "").isalnum()
    assert own_name(name, 63) == told != name


def test_own_names_are_different_for_different_ones_and_no_longer_than_they_may_be():
    names = ["é" * 40, "é" * 41, "é" * 40 + "a", "a" * 64, "a" * 65, 'a"b', "a%b", "a_b", "a`b"]
    told = [own_name(name, 63) for name in names]
    assert len(set(told)) == len(names)
    assert max(len(name.encode()) for name in told) <= 63
    assert own_name("core", 63, is_taken=True) not in {"core", own_name("Core", 63, is_taken=True)}


def test_texts_are_cut_between_characters():
    assert cut("aéé", 4) == "aé"
    assert cut("aéé", 5) == "aéé"


@pytest.mark.parametrize("schema", ["core", 'a"b', "a b", "a\\b", "a\tb", "a,b", "A", "a'b", "$user", "é%s"])
def test_a_schema_is_found_in_the_search_path_that_it_was_put_in(schema):
    options = with_search_path("-c geqo=off", schema)
    assert options.startswith("-c geqo=off -c search_path=")
    assert [first_in(path) for path in search_paths(options)] == [schema]
    assert with_search_path(options, schema) == options


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ("-c search_path=core,public", True),
        ('-csearch_path="core",\\ public', True),
        ("--search-path=core", True),
        ("-c search_path=public,core", False),
        ("-c search_path=core -c search_path=public", False),
    ],
)
def test_a_search_path_that_begins_with_the_schema_is_kept(options, kept):
    assert (with_search_path(options, "core") == options) is kept
