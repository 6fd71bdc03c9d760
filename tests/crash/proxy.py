"""A proxy before a server, in a process of its own: at a message it cuts the connection, or passes nothing on."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any

from tests import servers
from tests.crash.processes import Fork

# What becomes of a message of a client's, and of its connection.
BEFORE = "cut before it"
REPLY_LOST = "cut before its reply"
# Meanwhile somebody else recovers; then the connection is cut.
SILENCE = "nobody hears it"
REPLY_LATE = "nobody hears its reply"
KINDS = (BEFORE, REPLY_LOST, SILENCE, REPLY_LATE)
IS_SILENT = {SILENCE, REPLY_LATE}
# It reaches the server.
IS_HEARD = {REPLY_LOST, REPLY_LATE}
# A message is what comes at once.
AT_ONCE = 1 << 20


class Proxy:
    """Its process, as seen from outside. ``port`` stays, whatever server is behind it."""

    def __init__(self, target: int) -> None:
        listener = socket.create_server((servers.HOST, 0), backlog=100)
        self.port = listener.getsockname()[1]
        self.process = Fork(relay, listener, target)
        listener.close()

    def ask(self, command: str, *args: Any) -> Any:
        """Have a method of ``Relay`` called; returns its result."""
        self.process.send((command, *args))
        return self.process.receive()

    def close(self) -> None:
        self.process.kill()


def relay(channel: Any, listener: socket.socket, target: int) -> None:
    there = Relay(target)
    Thread(target=there.accept, args=(listener,), daemon=True).start()
    while True:
        command, *args = channel.recv()
        channel.send(getattr(there, command)(*args))


class Line:
    """A connection of a client's, and one to the server for it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.is_mute = False
        self.has_replied = Event()

    def close(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Relay:
    def __init__(self, target: int) -> None:
        self.target = target
        self.lock = Lock()
        # The messages of clients since it was armed; at which of them what is to happen.
        self.messages = 0
        self.at: int | None = None
        self.kind = ""
        self.has_happened = False
        self.released = Event()
        # Whether nothing is passed on any more.
        self.is_held = False

    # What is asked from outside

    def arm(self, at: int | None, kind: str = "") -> None:
        """Have it happen at a message, the first being 1; None: count alone."""
        self.released.clear()
        self.messages, self.at, self.kind, self.has_happened = 0, at, kind, False

    def state(self) -> tuple[int, bool]:
        return self.messages, self.has_happened

    def disarm(self) -> tuple[int, bool]:
        self.released.set()
        self.at = None
        return self.state()

    def lead_to(self, target: int) -> None:
        self.target = target

    def hold(self) -> None:
        self.is_held = True

    # What goes through

    def accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = listener.accept()
            Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((servers.HOST, self.target))
        except OSError:
            client.close()
            return
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = Line(client, server)
        Thread(target=self.pass_back, args=(line,), daemon=True).start()
        with suppress(OSError):
            self.pass_on(line)
        line.close()

    def pass_on(self, line: Line) -> None:
        while data := line.client.recv(AT_ONCE):
            if self.is_held:
                continue
            kind = self.due()
            line.is_mute = bool(kind)
            if not kind or kind in IS_HEARD:
                line.server.sendall(data)
            if kind == REPLY_LOST:
                line.has_replied.wait(timeout=10)
            if kind in IS_SILENT:
                self.released.wait()
            if kind:
                return

    def due(self) -> str:
        """What happens now, if it does."""
        with self.lock:
            self.messages += 1
            self.has_happened = self.has_happened or self.messages == self.at
            return self.kind if self.messages == self.at else ""

    def pass_back(self, line: Line) -> None:
        with suppress(OSError):
            while data := line.server.recv(AT_ONCE):
                if line.is_mute:
                    line.has_replied.set()
                elif not self.is_held:
                    line.client.sendall(data)
        if not line.is_mute:
            line.close()
