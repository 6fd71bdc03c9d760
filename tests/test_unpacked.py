"""Unpacking servers, with programs that stand for Debian's: nothing is fetched here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import unpacked

ROOT = Path(__file__).resolve().parent.parent
# They are slow, so that two runs meet; and leave a line for each package that they fetch.
STANDS_FOR = {
    "apt-get": 'echo "Other/Other http://other.example/"\necho "Debian/Debian http://debian.example/debian/"',
    "debootstrap": """
        eval "folder=\\${$(($# - 1))}"
        mkdir -p "$folder/var/cache/apt/archives"
        touch "$folder/var/cache/apt/archives/mysql-server-core.deb"
        echo "$@" >>"$FETCHED"
        sleep 0.3
        [ ! -e "$FETCHED.fails" ]
    """,
    "dpkg-deb": """
        mkdir -p "$3/usr/sbin" "$3/usr/lib/x86_64-linux-gnu"
        printf '\\177ELF, a program' >"$3/usr/sbin/mysqld"
        touch "$3/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    """,
    "id": "echo 0",
}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """An environment in which root finds Debian's programs, and servers have a folder of the test's own."""
    (tmp_path / "bin").mkdir()
    for name, lines in STANDS_FOR.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
    changed = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "FETCHED": str(tmp_path / "fetched"),
        unpacked.FOLDER_VARIABLE: str(tmp_path / "servers"),
    }
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CAUSEWAY_TEST_MYSQL", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    return tmp_path


def start(arguments="'mysql'"):
    code = f"import os; os.getuid = lambda: 0; from tests import unpacked; unpacked.main([{arguments}])"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)


def fetched(folder):
    return (folder / "fetched").read_text().splitlines()


def is_complete(folder):
    starter = folder / "servers/mysql/programs/mysqld"
    assert (folder / "servers/mysql").stat().st_mode & 0o777 == 0o755
    there = folder / "servers/mysql/usr/lib/x86_64-linux-gnu"
    return f"exec {there}/ld-linux-x86-64.so.2 " in starter.read_text() and os.access(starter, os.X_OK)


def test_the_mirror_is_the_machines_own(environment):
    assert unpacked.main(["mysql"]) == 0
    (line,) = fetched(environment)
    assert "--include=mysql-server-core," in line
    assert line.endswith(" http://debian.example/debian/")
    assert is_complete(environment)


def test_what_is_unpacked_is_not_fetched_again(environment):
    unpacked.main(["mysql"])
    unpacked.main(["mysql"])
    assert len(fetched(environment)) == 1


def test_two_at_once_fetch_it_once(environment):
    processes = [start() for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(fetched(environment)) == 1
    assert is_complete(environment)


def test_what_was_interrupted_is_made_anew(environment):
    process = start()
    while not (environment / "fetched").exists():
        assert process.poll() is None
    process.kill()
    process.wait()
    assert not (environment / "servers/mysql").exists()
    left = list((environment / "servers").glob(".mysql-*"))
    assert left
    assert unpacked.main(["mysql"]) == 0
    assert is_complete(environment)
    assert list((environment / "servers").glob(".mysql-*")) == []


def test_a_mirror_without_it_gets_a_sentence(environment, capsys):
    (environment / "fetched.fails").touch()
    assert unpacked.main(["mysql"]) == 1
    assert (
        "Name a running server instead: CAUSEWAY_TEST_MYSQL=host:port:user:password."
        in capsys.readouterr().err
    )
    assert not (environment / "servers/mysql").exists()


def test_others_than_root_get_a_sentence(environment, capsys, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert unpacked.main(["mysql"]) == 1
    assert capsys.readouterr().err.startswith("Only root can unpack mysql, and on Debian only")


def test_a_server_that_a_variable_names_needs_no_other(environment, monkeypatch):
    monkeypatch.setenv("CAUSEWAY_TEST_MYSQL", "127.0.0.1:3306:root:")
    assert unpacked.main(["mysql"]) == 0
    assert not (environment / "fetched").exists()
