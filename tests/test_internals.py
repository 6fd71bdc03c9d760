"""``docs/internals`` names what is there: each file, and what is said to be in it."""

import re
from pathlib import Path

import pytest

import causeway

PAGES = sorted((Path(__file__).parent.parent / "docs" / "internals").glob("*.rst"))
SOURCE = Path(causeway.__file__).parent
# A page is what is read in one go.
MOST_LINES = 80


def names(line):
    return re.findall(r"``([^`]+)``", line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_files_are_there(page):
    text = page.read_text()
    missing = [name for name in names(text) if name.endswith(".py") and not (SOURCE / name).is_file()]
    assert missing == []
    assert len(text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_looked_at_is_in_its_file(page):
    """A line that begins with a file goes on with what to look at there, a method behind its class."""
    missing, file = [], None
    for line in page.read_text().splitlines():
        if not re.match(r"``\S+\.py``", line):
            continue
        for name in names(line):
            if name.endswith(".py"):
                file = (SOURCE / name).read_text()
            elif not all(re.search(rf"^\s*(class|def) {part}\b", file, re.M) for part in name.split(".")):
                missing.append(f"{name}: {line}")
    assert missing == []
