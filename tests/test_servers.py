import os
import signal
import socket
import subprocess
import sys

import port_for
import pytest
from mirakuru.base import ENV_UUID

from tests import databases, servers, unpacked

HOLDS_A_FOLDER = """
import tempfile, time
from tests.servers import terminable
with tempfile.TemporaryDirectory() as folder, terminable():
    print(folder, flush=True)
    time.sleep(60)
"""


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tests.servers", *arguments],
        check=False,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("address", ["localhost", "localhost:3306:root", "localhost:mysql:root:secret"])
def test_an_address_of_another_form_gets_a_sentence(address):
    with pytest.raises(servers.ServerError, match="must be host:port:user:password"):
        servers.Server.parse(address)


def test_a_password_may_hold_colons():
    assert servers.Server.parse("localhost:3306:root:a:b").password == "a:b"


def test_a_missing_program_gets_a_sentence(monkeypatch):
    monkeypatch.setattr(servers, "PROGRAM_PATH", "")
    monkeypatch.setenv(unpacked.FOLDER_VARIABLE, "/nowhere")
    with pytest.raises(servers.ServerError, match="Install MariaDB"):
        servers.SERVERS["mariadb"].program("mariadbd")
    with pytest.raises(servers.ServerError, match="unpacked mysql"):
        servers.SERVERS["mysql"].program("mysqld")
    monkeypatch.setenv(servers.VERSIONS_VARIABLE, "newest")
    with pytest.raises(servers.ServerError, match="the newest version of PostgreSQL"):
        servers.SERVERS["postgresql"].program("postgres")


def test_mariadb_is_not_taken_for_mysql(monkeypatch, tmp_path):
    (tmp_path / "mariadbd").touch(mode=0o755)
    (tmp_path / "mysqld").symlink_to("mariadbd")
    monkeypatch.setattr(servers, "PROGRAM_PATH", str(tmp_path))
    monkeypatch.setenv(unpacked.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(servers.ServerError, match="MySQL"):
        servers.SERVERS["mysql"].program("mysqld")


def test_another_word_for_the_versions_gets_a_sentence(monkeypatch):
    monkeypatch.setenv(servers.VERSIONS_VARIABLE, "latest")
    with pytest.raises(servers.ServerError, match="must be one of: installed, newest"):
        servers.SERVERS["mariadb"].program("mariadbd")


@pytest.mark.mysql
@pytest.mark.postgresql
def test_a_server_that_does_not_answer_gets_a_sentence():
    kind = servers.SERVERS[databases.product()]
    done = run(kind.name, "--", "true", **{kind.variable: "127.0.0.1:1:root:"})
    assert done.returncode == 1
    assert done.stderr.startswith(f"Cannot use the server that {kind.variable} names")
    assert "Traceback" not in done.stderr


@pytest.mark.mysql
@pytest.mark.postgresql
def test_a_command_gets_the_address_and_gives_its_status():
    kind = servers.SERVERS[databases.product()]
    code = f"import os, sys; print(os.environ['{kind.variable}']); sys.exit(3)"
    done = run(kind.name, "--", sys.executable, "-c", code)
    assert done.returncode == 3
    assert done.stdout.strip() == os.environ[kind.variable]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminated_process_cleans_up(number):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_FOLDER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        folder = process.stdout.readline().strip()
        assert os.path.isdir(folder)
        process.send_signal(number)
        process.wait(timeout=30)
    assert not os.path.exists(folder)


def test_a_process_that_ends_leaves_the_servers_of_others():
    # mirakuru marks what it starts by the number of its process and some random digits, and looks for its own in them.
    code = "import tests.servers; input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        environment = {**os.environ, ENV_UUID: f"1:a{process.pid}f"}
        with subprocess.Popen(["sleep", "60"], env=environment) as of_another:
            process.communicate(b"\n", timeout=30)
            assert of_another.poll() is None
            of_another.kill()


def test_a_server_that_ends_by_itself_tells_why(tmp_path, capsys):
    log, port = tmp_path / "log", port_for.select_random()
    serves = f"""
import os, socket
server = socket.create_server(("{servers.HOST}", {port}))
print(os.getpid(), "is out of space", flush=True)
server.accept()
server.accept()
"""
    with servers.listening([sys.executable, "-c", serves], port, log):
        socket.create_connection((servers.HOST, port)).close()
        os.waitid(os.P_PID, int(log.read_text().split()[0]), os.WEXITED | os.WNOWAIT)
    assert "out of space" in capsys.readouterr().err
