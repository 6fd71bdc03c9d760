from pathlib import Path

import pytest

from tests.fidelity.losses import Unreadable, known_losses


def test_the_list_of_known_losses_is_readable():
    assert known_losses()


def test_a_loss_holds_for_the_named_versions_or_for_all(tmp_path: Path):
    file = tmp_path / "losses.toml"
    file.write_text(
        "[[loss]]\ntest = 'a'\nengines = ['mysql']\nreason = 'b'\n"
        "[[loss]]\ntest = 'c'\nengines = ['mysql']\ndjango = ['6.1']\nreason = 'b'\n"
    )
    always, newest = known_losses(file)
    assert always.covers("a", "mysql", "5.2")
    assert newest.covers("c", "mysql", "6.1")
    assert not newest.covers("c", "mysql", "5.2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[loss]]\ntest = 'a'\n", "must have test, engines and reason"),
        ("[[loss]]\ntest = 'a'\nengines = ['mysql']\nreason = 'b'\nseed = 1\n", "must have test, engines"),
        ("[[loss]]\ntest = 'a'\nengines = ['oracle']\nreason = 'b'\n", "engines must be some of"),
        (
            "[[loss]]\ntest = 'a'\nengines = ['mysql']\ndjango = ['4.2']\nreason = 'b'\n",
            "django must be some of",
        ),
        ("[[loss]]\ntest = 'a'\nengines = ['mysql']\nreason = ''\n", "must not be empty"),
        ("[[loss]]\ntest = '*'\nengines = ['mysql']\nreason = 'b'\n", "must not be empty"),
        ("[[loss]\n", "line 1"),
    ],
)
def test_a_bad_entry_gets_a_sentence(tmp_path: Path, text, message):
    file = tmp_path / "losses.toml"
    file.write_text(text)
    with pytest.raises(Unreadable, match=message):
        known_losses(file)
