"""Follows README.md and the tutorial to the letter: writes their files, runs their commands, compares the output.

* A block that begins with a comment naming a file (``# daily/daily/models.py``) is that file,
  or with ``, at the end`` more lines of it.
* ``$`` begins a command of a console block; what follows it is its output.
* A ``>>>`` block is typed into ``manage.py shell`` in the folder where the last command ended; blocks
  with no command or file between them are typed into the same shell.

``...`` stands for any output. What installs packages is left out: the environment has them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from itertools import groupby
from pathlib import Path
from textwrap import dedent

import pytest

DOCS = Path(__file__).parent
PAGES = [DOCS.parent / "README.md", DOCS / "intro" / "tutorial.rst"]

BLOCKS = {
    ".md": re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL),
    ".rst": re.compile(
        r"^\.\. code-block:: (?P<language>\w+)\n(?: +:.*\n)*\n(?P<text>(?: .*\n|\n)+)", re.MULTILINE
    ),
}
FILE = re.compile(r"# (?P<path>[\w/]+\.\w+)(?P<more>, at the end)?\n")
COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
INSTALLS = re.compile(r"python3? -m (?:venv|pip) .*|\. venv/.*")

DOCTEST = """
import doctest, sys
flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
test = doctest.DocTestParser().get_doctest(sys.stdin.read(), dict(globals()), "page", None, 0)
failed, _ = doctest.DocTestRunner(optionflags=flags).run(test)
sys.exit(bool(failed))
"""


class Reader:
    """Someone who follows a page, whose projects stand in the folder ``newsroom``."""

    def __init__(self, folder: Path) -> None:
        self.here = folder
        self.projects = folder / "newsroom"
        self.note = folder / "here"
        self.installed: list[Path] = []

    def follow(self, page: Path) -> None:
        for language, blocks in groupby(blocks_of(page), key=lambda block: block[0]):
            texts = [text for _, text in blocks]
            if language == "console":
                for text in texts:
                    self.run_commands(text)
            elif language == "pycon":
                self.run_shell("\n".join(texts))
            else:
                for text in texts:
                    self.write_file(text)

    def write_file(self, text: str) -> None:
        if found := FILE.match(text):
            path = self.projects / found["path"]
            before = path.read_text() + "\n\n" if found["more"] else ""
            path.write_text(before + text[found.end() :])

    def run_commands(self, text: str) -> None:
        for found in COMMAND.finditer(text):
            command, expected = found["command"], found["output"]
            if INSTALLS.fullmatch(command):
                self.install(command)
                continue
            done = self.run(["bash", "-c", f"{command}\nstatus=$?\npwd >{self.note}\nexit $status"])
            assert done.returncode == 0, f"$ {command}\n{done.stdout}"
            self.here = Path(self.note.read_text().strip())
            matches = OutputChecker().check_output(expected, done.stdout, ELLIPSIS | NORMALIZE_WHITESPACE)
            assert not expected.strip() or matches, f"$ {command}\n{done.stdout}\nThe page says:\n{expected}"

    def install(self, command: str) -> None:
        if "--editable " in command:
            self.installed.append(self.projects / command.split()[-1])

    def run_shell(self, text: str) -> None:
        # A doctest ends an example with an empty line or the next prompt.
        done = self.run([sys.executable, "manage.py", "shell", "-v0", "-c", DOCTEST], text + "\n")
        assert done.returncode == 0, done.stdout

    def run(self, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        modules = os.pathsep.join(map(str, self.installed))
        return subprocess.run(
            command,
            cwd=self.here,
            env={**os.environ, "PATH": programs, "PYTHONPATH": modules},
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )


def blocks_of(page: Path) -> Iterator[tuple[str, str]]:
    """The language and the text of every code block of a page."""
    for found in BLOCKS[page.suffix].finditer(page.read_text()):
        if found["language"] in {"console", "pycon"} or FILE.match(dedent(found["text"]).lstrip("\n")):
            yield found["language"], dedent(found["text"]).strip("\n") + "\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_can_be_followed_to_the_letter(page: Path, tmp_path: Path) -> None:
    Reader(tmp_path).follow(page)
