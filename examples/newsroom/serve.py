#!/usr/bin/env python
"""Serve the three sites on free ports of this machine until Ctrl-C: python serve.py [--db sqlite3|mysql|mariadb|postgresql]"""

import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

from databases import PROJECTS
from newsroom import EDITOR, NewsroomError, engine_asked_for, newsroom
from rich.console import Console

HOST = "127.0.0.1"
SECONDS_TO_START = 60
console = Console(highlight=False)


def free_ports(count):
    """Ports that nothing listens on. All are held until the last is found, so that they differ."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind((HOST, 0))
        return [free.getsockname()[1] for free in sockets]


@contextmanager
def site(room, project, port):
    """A project's development server, for as long as the block runs."""
    # --insecure: let it serve the static files although DEBUG is off.
    command = room.command(project, "runserver", "--noreload", "--insecure", f"{HOST}:{port}")
    if setpriv := shutil.which("setpriv"):
        # Even where this process is killed and can stop nothing, the sites end with it.
        command = [setpriv, "--pdeathsig", "TERM", *command]
    with (room.var / f"{project}.log").open("w") as log:
        process = subprocess.Popen(
            command,
            env=room.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_up(process, port):
    """Wait until a site answers, it ends, or its time is up; say whether it answers."""
    deadline = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


def serve(room):
    if not room.is_set_up():
        console.print("The databases are not there yet: setting them up, as the demo does.")
        room.create_databases()
        room.migrate()
        room.fill()
    elif not room.password_file.exists():
        room.make_editors()  # the databases are on a server, and the folder was removed
    with ExitStack() as stack:
        ports = dict(zip(PROJECTS, free_ports(len(PROJECTS)), strict=True))
        sites = {project: stack.enter_context(site(room, project, port)) for project, port in ports.items()}
        for project, process in sites.items():
            if not wait_until_up(process, ports[project]):
                raise NewsroomError(f"The site {project} did not start. {room.var / project}.log says why.")
        for project, port in ports.items():
            console.print(f"{project:>6}  http://{HOST}:{port}/   and its admin  http://{HOST}:{port}/admin/")
        console.print(
            f" login  [bold]{EDITOR}[/]  password  [bold]{room.password}[/]\nCtrl-C ends all three."
        )
        while True:
            for project, process in sites.items():
                if process.poll() is not None:
                    raise NewsroomError(f"The site {project} ended. {room.var / project}.log says why.")
            time.sleep(0.5)


def main():
    # SIGINT too: a shell that starts a program in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with newsroom(engine_asked_for("Serve the three sites on free ports of this machine.")) as room:
            serve(room)
    except NewsroomError as error:
        console.print(str(error), style="bold red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nThe sites have ended.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
