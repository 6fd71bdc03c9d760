"""A further address of a server, as a replica has one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

from tests.servers import HOST, Server


class Forwarder(ThreadingTCPServer):
    daemon_threads = True
    server_of: tuple[str, int]


class Forwarding(BaseRequestHandler):
    """Sends on what comes, either way, until one side closes."""

    server: Forwarder

    def handle(self) -> None:
        with socket.create_connection(self.server.server_of) as other:
            back = Thread(target=send_on, args=(other, self.request), daemon=True)
            back.start()
            send_on(self.request, other)
            back.join()


def send_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def forwarded(server: Server) -> Iterator[Server]:
    """The same server at another port, until the block ends."""
    with Forwarder((HOST, 0), Forwarding) as forwarder:
        forwarder.server_of = server.host, int(server.port)
        thread = Thread(target=forwarder.serve_forever, daemon=True)
        thread.start()
        yield replace(server, host=HOST, port=forwarder.server_address[1])
        forwarder.shutdown()
        thread.join()
