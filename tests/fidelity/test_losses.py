from pathlib import Path

import pytest

from tests.fidelity.losses import UNKNOWN, Run, Unreadable, by_reason, known_losses


def test_the_list_of_known_losses_is_readable():
    assert known_losses()


def run(placement="staged", engine="sqlite3", core_engine="mysql", django="5.2"):
    return Run(placement, engine, core_engine, django)


def test_a_loss_holds_under_the_conditions_that_are_named(tmp_path: Path):
    file = tmp_path / "losses.toml"
    file.write_text(
        "[[loss]]\ntests = ['a', 'b.*']\nreason = 'r'\n"
        "[[loss]]\ntests = ['c']\nreason = 'r'\ndjango = ['6.1']\ncore_engines = ['mysql']\noutcomes = ['no', 'none']\n"
    )
    always, sometimes = known_losses(file)
    assert always.covers("b.c", "whatever", run())
    assert sometimes.covers("c", "error: none", run(django="6.1"))
    assert not sometimes.covers("c", "error: some", run(django="6.1"))
    assert not sometimes.covers("c", "error: none", run())
    assert not sometimes.covers("c", "error: none", run(core_engine="sqlite3", django="6.1"))


def test_losses_are_counted_by_their_reasons(tmp_path: Path):
    file = tmp_path / "losses.toml"
    file.write_text("[[loss]]\ntests = ['a.*']\nreason = 'r'\n")
    lost = dict.fromkeys(["a.b", "a.c", "b.d"], "error")
    assert by_reason(lost, known_losses(file), run()) == [("r", 2), (UNKNOWN, 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[loss]]\ntests = ['a']\n", "must have tests and reason"),
        ("[[loss]]\ntests = ['a']\nreason = 'b'\nseed = 1\n", "must have tests and reason"),
        ("[[loss]]\ntests = ['a']\nengines = ['oracle']\nreason = 'b'\n", "engines must be some of"),
        ("[[loss]]\ntests = ['a']\ncore_engines = []\nreason = 'b'\n", "core_engines must be some of"),
        ("[[loss]]\ntests = ['a']\ndjango = ['4.2']\nreason = 'b'\n", "django must be some of"),
        ("[[loss]]\ntests = ['a']\nplacements = ['plain']\nreason = 'b'\n", "placements must be some of"),
        ("[[loss]]\ntests = ['a']\nreason = ''\n", "must not be empty"),
        ("[[loss]]\ntests = ['a']\noutcomes = ['']\nreason = 'b'\n", "must not be empty"),
        ("[[loss]]\ntests = ['*']\nreason = 'b'\n", "must not be empty"),
        ("[[loss]]\ntests = []\nreason = 'b'\n", "must not be empty"),
        ("[[loss]]\ntests = 'a'\nreason = 'b'\n", "must be lists"),
        ("[[loss]\n", "line 1"),
    ],
)
def test_a_bad_entry_gets_a_sentence(tmp_path: Path, text, message):
    file = tmp_path / "losses.toml"
    file.write_text(text)
    with pytest.raises(Unreadable, match=message):
        known_losses(file)
